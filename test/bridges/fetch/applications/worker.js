// A module as Cloudflare's Workers have it.

export default {
  async fetch(request, _env, context) {
    const url = new URL(request.url);
    if (url.pathname === "/whole") {
      return Response.json([
        request.method,
        request.url,
        request.headers.get("x-foo"),
        request.body === null,
      ]);
    }
    if (url.pathname === "/later") {
      context?.waitUntil?.(Promise.resolve());
      return new Response(new Uint8Array([1, 2, 3]), {
        headers: [
          ["X-Foo", "a"],
          ["X-Foo", "b"],
        ],
      });
    }
    if (url.pathname === "/echo") return new Response(await request.blob());
    if (url.pathname === "/cookies") {
      const headers = new Headers();
      headers.append("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT");
      headers.append("Set-Cookie", "b=2");
      return new Response(null, { headers });
    }
    if (url.pathname === "/extended") {
      class Answer extends Response {}
      const answer = new Answer("extended", { status: 202 });
      return answer instanceof Answer && answer instanceof Response ? answer : undefined;
    }
    return new Response("nothing here", { status: 404 });
  },
};
