// What fetch handlers do with a request and how they answer: each with the bridge's own objects and with those of the Node
// that runs this. What is noted, and what is sent, has to be the same.

const stream = (...chunks) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

/** The name of what a promise or a call fails with; its words are each Node's own. */
async function failure(what) {
  try {
    await what();
    return "nothing";
  } catch (error) {
    return error.name;
  }
}

/** Of this Node's own. */
const requestMembers = Object.getOwnPropertyNames(Request.prototype);
const responseMembers = Object.getOwnPropertyNames(Response.prototype);

const post = { method: "POST", body: '{"a":"\u00fc"}', headers: [["Content-Type", "application/json"]] };
const form = {
  method: "POST",
  body: "a=1&b=%C3%BC&a=2",
  headers: [["Content-Type", "application/x-www-form-urlencoded"]],
};
const parts = {
  method: "POST",
  body: [
    "--x",
    'Content-Disposition: form-data; name="text"',
    "",
    "one",
    "--x",
    'Content-Disposition: form-data; name="file"; filename="a.txt"',
    "Content-Type: text/plain",
    "",
    "two",
    "--x--",
    "",
  ].join("\r\n"),
  headers: [["Content-Type", "multipart/form-data; boundary=x"]],
};

/** @type {Record<string, [handler: (request: Request, note: (value: unknown) => void) => unknown, request?: object]>} */
export const cases = {
  "members of a request": [
    (request, note) => {
      note(requestMembers.filter((name) => !(name in request)));
      for (const name of [
        "cache",
        "credentials",
        "destination",
        "integrity",
        "keepalive",
        "mode",
        "redirect",
      ])
        note([name, request[name]]);
      note([request.method, request.url, request.body, request.bodyUsed]);
      note([request instanceof Request, String(request), request.constructor === Object]);
      return new Response();
    },
  ],
  "members of a response": [
    (_request, note) => {
      const response = new Response("text", { status: 201, statusText: "Made", headers: { "X-A": "1" } });
      note(responseMembers.filter((name) => !(name in response)));
      const { type, url, redirected, ok, status, statusText, bodyUsed } = response;
      note([type, url, redirected, ok, status, statusText, bodyUsed, response.body === null]);
      note([response instanceof Response, String(response), Response.name, Response.length]);
      return response;
    },
  ],
  "headers of a request": [
    (request, note) => {
      note([...request.headers]);
      note([request.headers.get("x-one"), request.headers.get("COOKIE"), request.headers.has("x-none")]);
      return new Response();
    },
    {
      headers: [
        ["X-One", "a"],
        ["X-One", "b"],
        ["Cookie", "a=1"],
        ["X-Latin", "caf\xe9"],
      ],
    },
  ],
  "headers of a request cannot be set by a copy": [
    (request, note) => {
      const copy = new Request(request, { headers: { "X-One": "new" } });
      note([copy.headers.get("x-one"), request.headers.get("x-one")]);
      return new Response();
    },
    { headers: [["X-One", "old"]] },
  ],
  text: [async (request) => new Response(await request.text()), post],
  json: [async (request) => Response.json(await request.json()), post],
  "json that is none": [
    async (request, note) => {
      note(await failure(() => request.json()));
      return new Response();
    },
    { ...post, body: "{" },
  ],
  arrayBuffer: [async (request) => new Response(await request.arrayBuffer()), post],
  blob: [
    async (request, note) => {
      const blob = await request.blob();
      note([blob.size, blob.type]);
      return new Response(blob);
    },
    post,
  ],
  bytes: [
    async (request, note) => {
      // Not in each Node that is supported.
      if (typeof Request.prototype.bytes === "function") note([...(await request.bytes())]);
      return new Response();
    },
    post,
  ],
  "a form": [
    async (request, note) => {
      note([...(await request.formData())]);
      return new Response();
    },
    form,
  ],
  "a form with a file": [
    async (request, note) => {
      const data = await request.formData();
      const file = data.get("file");
      note([data.get("text"), file.name, file.type, await file.text(), file instanceof File]);
      return new Response();
    },
    parts,
  ],
  "a body read as a stream": [
    async (request, note) => {
      const chunks = [];
      for await (const chunk of request.body) chunks.push(chunk);
      note([request.bodyUsed, Buffer.concat(chunks).toString()]);
      return new Response();
    },
    post,
  ],
  "a body sent back as a stream": [(request) => new Response(request.body), post],
  "a body of no length": [async (request) => new Response(await request.text()), { ...post, streamed: true }],
  "a body of length 0": [
    async (request, note) => {
      note([request.body === null, await request.text()]);
      return new Response();
    },
    { method: "POST", body: "" },
  ],
  "a body read twice": [
    async (request, note) => {
      await request.text();
      note([request.bodyUsed, await failure(() => request.text()), await failure(() => request.clone())]);
      return new Response();
    },
    post,
  ],
  "a clone read beside its request": [
    async (request, note) => {
      const clone = request.clone();
      note([await clone.text(), await request.text(), clone.url, clone.method, clone instanceof Request]);
      return new Response();
    },
    post,
  ],
  "a request made of it": [
    async (request, note) => {
      const other = new Request("http://other.example/x", request);
      note([other.method, other.url, other.headers.get("content-type"), await other.text()]);
      note(request.bodyUsed);
      return new Response();
    },
    post,
  ],
  "a request made of it with another body": [
    async (request, note) => {
      const other = new Request(request, { method: "PUT", body: "new" });
      note([other.method, await other.text(), await request.text()]);
      return new Response();
    },
    post,
  ],
  "fetch takes it": [
    async (request, note) => {
      note(await failure(() => fetch(new Request(request), { signal: AbortSignal.abort() })));
      return new Response();
    },
  ],
  "a text with a type of its own": [() => new Response("<p>", { headers: { "Content-Type": "text/html" } })],
  "headers given as pairs": [
    () =>
      new Response("x", {
        headers: [
          ["Set-Cookie", "a=1"],
          ["set-cookie", "b=2"],
          ["X-A", " trimmed "],
        ],
      }),
  ],
  "headers changed behind its making": [
    (_request, note) => {
      const response = new Response("text", { headers: { "X-A": "1" } });
      response.headers.append("X-A", "2");
      response.headers.append("Set-Cookie", "a=1");
      response.headers.append("Set-Cookie", "b=2");
      note(response.headers.getSetCookie());
      return response;
    },
  ],
  "headers that are none": [
    async (_request, note) => {
      for (const headers of [{ "a b": "1" }, { a: "x\r\ny" }, { a: "\u0100" }, [["a"]], 1])
        note(await failure(() => new Response("", { headers })));
      return new Response();
    },
  ],
  "statuses that are none": [
    async (_request, note) => {
      for (const status of [0, 99, 199, 600, 1.5, "200", Number.NaN])
        note([String(status), await failure(() => new Response(null, { status }))]);
      for (const status of [204, 205, 304])
        note([status, await failure(() => new Response("x", { status }))]);
      note(await failure(() => new Response(null, { statusText: "a\nb" })));
      return new Response();
    },
  ],
  "no body": [() => new Response(null, { status: 204 })],
  "bytes sent": [() => new Response(new Uint8Array([0, 255, 10]))],
  "bytes changed behind its making": [
    () => {
      const bytes = new Uint8Array([1, 2, 3]);
      const response = new Response(bytes);
      bytes.fill(9);
      return response;
    },
  ],
  "a blob with a type": [() => new Response(new Blob(["x"], { type: "image/png" }))],
  "a form sent": [() => new Response(new URLSearchParams({ a: "\u00fc" }))],
  "a stream sent": [() => new Response(stream("one ", "two"), { headers: { "Content-Type": "text/plain" } })],
  "a stream that fails in the middle": [
    () => {
      let pulled = 0;
      const body = new ReadableStream({
        pull(controller) {
          if (pulled++ === 1) throw new Error("broken");
          controller.enqueue(new TextEncoder().encode("begun"));
        },
      });
      return new Response(body, { headers: { "Content-Type": "text/plain" } });
    },
  ],
  "a clone of a response": [
    async (_request, note) => {
      const response = new Response("text", { status: 201, headers: { "X-A": "1" } });
      const clone = response.clone();
      response.headers.set("X-A", "2");
      note([await clone.text(), clone.status, clone.headers.get("x-a"), response.bodyUsed]);
      return response;
    },
  ],
  "a response read before it is sent": [
    async (_request, note) => {
      const response = new Response("text");
      note([await response.text(), response.bodyUsed, await failure(() => response.text())]);
      return new Response("another");
    },
  ],
  "Response.json": [() => Response.json({ a: ["\u00fc"] }, { status: 202, headers: { "X-A": "1" } })],
  "Response.json of nothing": [
    async (_request, note) => {
      note(await failure(() => Response.json(undefined)));
      return new Response();
    },
  ],
  "Response.redirect": [() => Response.redirect("http://other.example/", 303)],
  "Response.error": [
    (_request, note) => {
      const response = Response.error();
      note([response.type, response.status, response instanceof Response]);
      return new Response();
    },
  ],
  "subclasses of both": [
    async (request, note) => {
      class OwnRequest extends Request {}
      class OwnResponse extends Response {
        get own() {
          return "own";
        }
      }
      const response = new OwnResponse("text");
      const other = new OwnRequest(request);
      note([
        response.own,
        response instanceof OwnResponse,
        response instanceof Response,
        await response.text(),
      ]);
      note([other instanceof OwnRequest, other instanceof Request, new Response() instanceof OwnResponse]);
      return new OwnResponse("sent");
    },
  ],
  "an error of the handler": [
    () => {
      throw new Error("hidden");
    },
  ],
  "no response": [() => undefined],
  "the signal": [
    async (request, note) => {
      note([request.signal instanceof AbortSignal, request.signal.aborted]);
      return new Response();
    },
  ],
  HEAD: [() => new Response("text", { headers: { "X-A": "1" } }), { method: "HEAD" }],
};
