import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeForwardRequest,
  encodeForwardRequest,
  type ForwardRequest,
  type RequestNames,
} from "../../../lib/protocols/ajp13/forward-request.ts";
import { KnownNames } from "../../../lib/protocols/known-names.ts";
import { bytes } from "../../support/bytes.ts";

/** A string as the reference lays it out: its length, itself, a NUL. */
function text(value: string): string {
  return `${value.length.toString(16).padStart(4, "0")} ${Buffer.from(value, "latin1").toString("hex")} 00`;
}

const NULL = "ffff";
/** HTTP/1.1, /, 10.0.0.1, no remote host, localhost, port 80, not secure. */
const TARGET = `${text("HTTP/1.1")} ${text("/")} ${text("10.0.0.1")} ${NULL} ${text("localhost")} 0050 00`;

const plain: ForwardRequest = {
  method: "GET",
  protocol: "HTTP/1.1",
  uri: "/",
  remoteAddress: "10.0.0.1",
  remoteHost: undefined,
  serverName: "localhost",
  serverPort: 80,
  isSecure: false,
  headers: [],
  attributes: {},
  requestAttributes: [],
};

type Attributes = ForwardRequest["attributes"];

/** Says where a string belongs in what was decoded. */
type Place = (request: Collected, value: string) => void;

interface Collected {
  protocol: string | undefined;
  remoteAddress: string | undefined;
  remoteHost: string | undefined;
  serverName: string | undefined;
  headers: [string, string][];
  attributes: Attributes;
  requestAttributes: [string, string][];
}

function header(name: string): Place {
  return ({ headers }, value) => headers.push([name, value]);
}

function attribute(key: Exclude<keyof Attributes, "sslKeySize">): Place {
  return ({ attributes }, value) => {
    attributes[key] = value;
  };
}

const places: RequestNames<Place> = {
  protocol: (request, value) => {
    request.protocol = value;
  },
  remoteAddress: (request, value) => {
    request.remoteAddress = value;
  },
  remoteHost: (request, value) => {
    request.remoteHost = value;
  },
  serverName: (request, value) => {
    request.serverName = value;
  },
  numberedHeaders: [
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Connection",
    "Content-Type",
    "Content-Length",
    "Cookie",
    "Cookie2",
    "Host",
    "Pragma",
    "Referer",
    "User-Agent",
  ].map(header),
  headers: new KnownNames(header),
  attributes: new Map([
    [0x01, attribute("context")],
    [0x02, attribute("servletPath")],
    [0x03, attribute("remoteUser")],
    [0x04, attribute("authType")],
    [0x06, attribute("route")],
    [0x07, attribute("sslCert")],
    [0x08, attribute("sslCipher")],
    [0x09, attribute("sslSession")],
  ]),
  requestAttributes: new KnownNames(
    (name): Place =>
      ({ requestAttributes }, value) =>
        requestAttributes.push([name, value]),
  ),
};

/** All of a request, put together from its fields and what is told of its other strings. */
function decodeAt(payload: Buffer, start: number, end: number): ForwardRequest {
  const collected: Collected = {
    protocol: undefined,
    remoteAddress: undefined,
    remoteHost: undefined,
    serverName: undefined,
    headers: [],
    attributes: {},
    requestAttributes: [],
  };
  const { queryString, secret, sslKeySize, ...fields } = decodeForwardRequest(payload, start, end, places, {
    add: (place, text, from, to) => place(collected, text.slice(from, to)),
  });
  if (queryString !== undefined) collected.attributes.queryString = queryString;
  if (secret !== undefined) collected.attributes.secret = secret;
  if (sslKeySize !== undefined) collected.attributes.sslKeySize = sslKeySize;
  return { ...collected, ...fields };
}

function decode(wire: string): ForwardRequest {
  const payload = bytes(wire);
  return decodeAt(payload, 0, payload.length);
}

/** The payload of the packet that is made of a request. */
function encode(request: ForwardRequest): string {
  const packet = encodeForwardRequest(request, 65_536);
  expect(packet.toString("hex", 0, 2)).toBe("1234");
  expect(packet.readUInt16BE(2)).toBe(packet.length - 4);
  return packet.toString("hex", 4);
}

const METHODS = [
  "OPTIONS",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "TRACE",
  "PROPFIND",
  "PROPPATCH",
  "MKCOL",
  "COPY",
  "MOVE",
  "LOCK",
  "UNLOCK",
  "ACL",
  "REPORT",
  "VERSION-CONTROL",
  "CHECKIN",
  "CHECKOUT",
  "UNCHECKOUT",
  "SEARCH",
  "MKWORKSPACE",
  "UPDATE",
  "LABEL",
  "MERGE",
  "BASELINE-CONTROL",
  "MKACTIVITY",
].map((method, index) => [index + 1, method] as const);

const HEADERS: [string, string][] = [
  ["a001", "Accept"],
  ["a002", "Accept-Charset"],
  ["a003", "Accept-Encoding"],
  ["a004", "Accept-Language"],
  ["a005", "Authorization"],
  ["a006", "Connection"],
  ["a007", "Content-Type"],
  ["a008", "Content-Length"],
  ["a009", "Cookie"],
  ["a00a", "Cookie2"],
  ["a00b", "Host"],
  ["a00c", "Pragma"],
  ["a00d", "Referer"],
  ["a00e", "User-Agent"],
];

const ATTRIBUTES: [string, string, ForwardRequest["attributes"]][] = [
  ["context", `01 ${text("/c")}`, { context: "/c" }],
  ["servlet_path", `02 ${text("/s")}`, { servletPath: "/s" }],
  ["remote_user", `03 ${text("anna")}`, { remoteUser: "anna" }],
  ["auth_type", `04 ${text("Basic")}`, { authType: "Basic" }],
  ["query_string", `05 ${text("a=1&b=%20")}`, { queryString: "a=1&b=%20" }],
  ["an empty query_string", `05 ${text("")}`, { queryString: "" }],
  ["route", `06 ${text("w1")}`, { route: "w1" }],
  ["ssl_cert", `07 ${text("-----BEGIN\n")}`, { sslCert: "-----BEGIN\n" }],
  ["ssl_cipher", `08 ${text("TLS_AES_256_GCM_SHA384")}`, { sslCipher: "TLS_AES_256_GCM_SHA384" }],
  ["ssl_session", `09 ${text("0a0b")}`, { sslSession: "0a0b" }],
  ["ssl_key_size, two bytes and no string", "0b 0100", { sslKeySize: 256 }],
  ["secret", `0c ${text("s3cret")}`, { secret: "s3cret" }],
];

describe("decoding FORWARD_REQUEST", () => {
  test("the least there can be", () => {
    expect(decode(`02 02 ${TARGET} 0000 ff`)).toEqual(plain);
  });

  // As mod_proxy_ajp sends it: the secret among the other attributes, the local ones behind them.
  test("all there can be", () => {
    const wire =
      `02 04 ${text("HTTP/1.0")} ${text("/a%20b/\xe9")} ${text("::1")} ${text("peer")} ${text("h")} 01bb 01
      0004 a00b ${text("h:443")} a008 ${text("5")} ${text("X-Twice")} ${text("1")} ${text("X-Twice")} ${text("")}
      03 ${text("anna")} 04 ${text("Basic")} 0c ${text("s3cret")} 05 ${text("q=1")} 08 ${text("AES")} 0b 0080
      0a ${text("AJP_REMOTE_PORT")} ${text("4711")} 0a ${text("FOO")} ${text("")} ff`.replace(/\n/g, "");
    expect(decode(wire)).toEqual({
      method: "POST",
      protocol: "HTTP/1.0",
      uri: "/a%20b/\xe9",
      remoteAddress: "::1",
      remoteHost: "peer",
      serverName: "h",
      serverPort: 443,
      isSecure: true,
      headers: [
        ["Host", "h:443"],
        ["Content-Length", "5"],
        ["X-Twice", "1"],
        ["X-Twice", ""],
      ],
      attributes: {
        remoteUser: "anna",
        authType: "Basic",
        secret: "s3cret",
        queryString: "q=1",
        sslCipher: "AES",
        sslKeySize: 128,
      },
      requestAttributes: [
        ["AJP_REMOTE_PORT", "4711"],
        ["FOO", ""],
      ],
    });
  });

  test.each(METHODS)("method %i is %s", (number, method) => {
    const wire = `02 ${number.toString(16).padStart(2, "0")} ${TARGET} 0000 ff`;
    expect(decode(wire).method).toBe(method);
    expect(encode({ ...plain, method })).toBe(bytes(wire).toString("hex"));
  });

  test("any other method is stored in an attribute", () => {
    const wire = `02 ff ${TARGET} 0000 0d ${text("PATCH")} ff`;
    expect(decode(wire)).toEqual({ ...plain, method: "PATCH" });
    expect(encode({ ...plain, method: "PATCH" })).toBe(bytes(wire).toString("hex"));
  });

  test("a stored method counts only where the number says so", () => {
    expect(decode(`02 02 ${TARGET} 0000 0d ${text("DELETE")} ff`).method).toBe("GET");
  });

  test.each(HEADERS)("header %s is %s", (number, name) => {
    const wire = `02 02 ${TARGET} 0001 ${number} ${text("v")} ff`;
    expect(decode(wire).headers).toEqual([[name, "v"]]);
    for (const spelled of [name, name.toUpperCase(), name.toLowerCase()]) {
      expect(encode({ ...plain, headers: [[spelled, "v"]] })).toBe(bytes(wire).toString("hex"));
    }
  });

  test("a name that has a number may be spelled out all the same", () => {
    const wire = `02 02 ${TARGET} 0001 ${text("content-LENGTH")} ${text("7")} ff`;
    expect(decode(wire).headers).toEqual([["content-LENGTH", "7"]]);
  });

  test("the value of a header may be null, which is empty", () => {
    expect(decode(`02 02 ${TARGET} 0001 a001 ${NULL} ff`).headers).toEqual([["Accept", ""]]);
  });

  test.each(ATTRIBUTES)("attribute %s", (_name, wire, attributes) => {
    expect(decode(`02 02 ${TARGET} 0000 ${wire} ff`).attributes).toEqual(attributes);
    expect(encode({ ...plain, attributes })).toBe(bytes(`02 02 ${TARGET} 0000 ${wire} ff`).toString("hex"));
  });

  test.each(["01", "02", "03", "04", "05", "06", "07", "08", "09", "0c"])(
    "attribute %s may be null, which is as if it were not there",
    (code) => {
      expect(decode(`02 02 ${TARGET} 0000 ${code} ${NULL} ff`)).toEqual(plain);
    },
  );

  test("of an attribute that comes twice the last counts, unless it is null", () => {
    const twice = ["03", "05", "0c"].map(
      (code) => `${code} ${text("a")} ${code} ${text("b")} ${code} ${NULL}`,
    );
    expect(decode(`02 02 ${TARGET} 0000 ${twice.join(" ")} ff`).attributes).toEqual({
      remoteUser: "b",
      queryString: "b",
      secret: "b",
    });
  });

  test("what nobody has a use for is passed over", () => {
    const wire = `02 02 ${TARGET} 0000 01 ${text("/c")} 03 ${text("anna")} 06 ${NULL} 08 ${text("AES")} ff`;
    const payload = bytes(wire);
    const names = { ...places, attributes: new Map([[0x03, places.protocol]]) };
    const values: string[] = [];
    decodeForwardRequest(payload, 0, payload.length, names, {
      add: (_place, all, start, end) => values.push(all.slice(start, end)),
    });
    expect(values).toEqual(["HTTP/1.1", "10.0.0.1", "localhost", "anna"]);
  });

  test("an attribute of the operator's may have any name, and belongs to no other", () => {
    const wire = `02 02 ${TARGET} 0000 0a ${text("__proto__")} ${text("x")} 0a ${text("remoteUser")} ${text("root")} ff`;
    const request = decode(wire);
    expect(request.attributes).toEqual({});
    expect(request.requestAttributes).toEqual([
      ["__proto__", "x"],
      ["remoteUser", "root"],
    ]);
    expect(encode(request)).toBe(bytes(wire).toString("hex"));
  });

  test("one whose name or value is null is left out", () => {
    const wire = `02 02 ${TARGET} 0000 0a ${NULL} ${text("x")} 0a ${text("A")} ${NULL} ff`;
    expect(decode(wire).requestAttributes).toEqual([]);
  });

  test("every string but the path may be null", () => {
    const wire = `02 02 ${NULL} ${text("/")} ${NULL} ${NULL} ${NULL} 0000 00 0000 ff`;
    expect(decode(wire)).toEqual({
      ...plain,
      protocol: undefined,
      remoteAddress: undefined,
      serverName: undefined,
      serverPort: 0,
    });
  });

  test("what is not zero is secure, and the port goes up to 65,535", () => {
    const wire = `02 02 ${text("HTTP/1.1")} ${text("/")} ${NULL} ${NULL} ${NULL} ffff 02 0000 ff`;
    expect(decode(wire)).toMatchObject({ isSecure: true, serverPort: 65_535 });
  });

  test("bytes behind the end are ignored", () => {
    expect(decode(`02 02 ${TARGET} 0000 ff deadbeef`)).toEqual(plain);
  });

  test("it is read where it stands among other bytes, and no further", () => {
    const payload = bytes(`02 02 ${TARGET} 0000 ff`);
    const around = Buffer.concat([Buffer.alloc(3, 0xee), payload, Buffer.alloc(3, 0xee)]);
    expect(decodeAt(around, 3, 3 + payload.length)).toEqual(plain);
    expect(() => decodeAt(around, 3, 2 + payload.length)).toThrow(
      expect.objectContaining({ code: "AJP_PACKET" }),
    );
  });
});

describe("a FORWARD_REQUEST that is none", () => {
  test.each([
    ["no more than its type", "02", "AJP_PACKET"],
    ["a string beyond the packet", `02 02 7fff ${"61".repeat(9)}`, "AJP_PACKET"],
    ["a string whose NUL is beyond the packet", `02 02 0001 61`, "AJP_PACKET"],
    ["a string without a NUL", `02 02 0008 ${Buffer.from("HTTP/1.1").toString("hex")} 41`, "AJP_STRING"],
    ["no end of the attributes", `02 02 ${TARGET} 0000`, "AJP_PACKET"],
    ["no end behind an attribute", `02 02 ${TARGET} 0000 05 ${text("a")}`, "AJP_PACKET"],
    ["more headers than there are", `02 02 ${TARGET} 0002 a001 ${text("v")} ff`, "AJP_HEADER|AJP_PACKET"],
    ["65,535 headers", `02 02 ${TARGET} ffff ff`, "AJP_PACKET"],
    ["header a000", `02 02 ${TARGET} 0001 a000 ${text("v")} ff`, "AJP_HEADER"],
    ["header a00f", `02 02 ${TARGET} 0001 a00f ${text("v")} ff`, "AJP_HEADER"],
    ["header a0ff", `02 02 ${TARGET} 0001 a0ff ${text("v")} ff`, "AJP_HEADER"],
    ["a header whose name is null", `02 02 ${TARGET} 0001 ffff ${text("v")} ff`, "AJP_HEADER"],
    ["attribute 00", `02 02 ${TARGET} 0000 00 ${text("v")} ff`, "AJP_ATTRIBUTE"],
    ["attribute 0e", `02 02 ${TARGET} 0000 0e ${text("v")} ff`, "AJP_ATTRIBUTE"],
    ["attribute fe", `02 02 ${TARGET} 0000 fe ff`, "AJP_ATTRIBUTE"],
    ["half of a key size", `02 02 ${TARGET} 0000 0b 01`, "AJP_PACKET"],
    ["a name of the operator's without a value", `02 02 ${TARGET} 0000 0a ${text("A")} ff`, "AJP_PACKET"],
    ["method 0", `02 00 ${TARGET} 0000 ff`, "AJP_METHOD"],
    ["method 28", `02 1c ${TARGET} 0000 ff`, "AJP_METHOD"],
    ["method 254", `02 fe ${TARGET} 0000 ff`, "AJP_METHOD"],
    ["a stored method that is not there", `02 ff ${TARGET} 0000 ff`, "AJP_METHOD"],
    ["a stored method that is null", `02 ff ${TARGET} 0000 0d ${NULL} ff`, "AJP_METHOD"],
    ["a stored method that is empty", `02 ff ${TARGET} 0000 0d ${text("")} ff`, "AJP_METHOD"],
    [
      "a path that is null",
      `02 02 ${text("HTTP/1.1")} ${NULL} ${NULL} ${NULL} ${NULL} 0050 00 0000 ff`,
      "AJP_URI",
    ],
  ])("%s is refused", (_name, wire, codes) => {
    let thrown: unknown;
    try {
      decode(wire);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ name: "ProtocolError" });
    expect(codes.split("|")).toContain((thrown as { code: string }).code);
  });

  test("so is a good one that ends early, wherever it does", () => {
    const payload =
      bytes(`02 ff ${TARGET} 0002 a008 ${text("5")} ${text("X")} ${text("y")} 05 ${text("q")} 0b 0100
      0a ${text("A")} ${text("b")} 0d ${text("PATCH")} ff`);
    expect(decodeAt(payload, 0, payload.length).method).toBe("PATCH");
    for (let end = 1; end < payload.length; end++) {
      expect(() => decodeAt(payload, 0, end)).toThrow(
        expect.objectContaining({ name: "ProtocolError", code: "AJP_PACKET" }),
      );
    }
  });

  test("any bytes are a request or the peer's fault", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        const payload = Buffer.concat([bytes(`02 02 ${TARGET}`), random]);
        try {
          decodeAt(payload, 0, payload.length);
        } catch (error) {
          expect(error).toMatchObject({ name: "ProtocolError" });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("encoding FORWARD_REQUEST", () => {
  test("a packet that would be too long is refused, by one byte", () => {
    const size = encodeForwardRequest(plain, 8_192).length;
    const fill = 8_192 - size - 3 - 3;
    const longest = { ...plain, headers: [["", "v".repeat(fill)]] as const };
    expect(encodeForwardRequest(longest, 8_192)).toHaveLength(8_192);
    expect(() => encodeForwardRequest(longest, 8_191)).toThrow(
      expect.objectContaining({ name: "ProtocolError", code: "AJP_PACKET_BYTES" }),
    );
  });

  test("any request comes back the same", () => {
    const string = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).toString("latin1"));
    const maybe = fc.option(string, { nil: undefined });
    const pairs = fc.array(fc.tuple(string, string), { maxLength: 8 });
    const request = fc.record({
      method: fc.oneof(fc.constantFrom(...METHODS.map(([, method]) => method)), fc.constant("PATCH")),
      protocol: maybe,
      uri: string,
      remoteAddress: maybe,
      remoteHost: maybe,
      serverName: maybe,
      serverPort: fc.nat(65_535),
      isSecure: fc.boolean(),
      headers: pairs,
      attributes: fc.record(
        {
          remoteUser: string,
          queryString: string,
          secret: string,
          sslKeySize: fc.nat(65_535),
          sslCert: string,
        },
        { requiredKeys: [] },
      ),
      requestAttributes: pairs,
    });
    fc.assert(
      fc.property(request, (made) => {
        const packet = encodeForwardRequest(made, 65_536);
        expect(decodeAt(packet, 4, packet.length)).toEqual(made);
      }),
    );
  });
});
