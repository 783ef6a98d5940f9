// The requests that the load consists of: one browser's request, as each front end passes it on.

const browser = {
  Host: "guestbook.example.org",
  "User-Agent":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  "Accept-Language": "en-GB,en;q=0.9,de;q=0.7",
  Connection: "keep-alive",
  Cookie:
    "name=Ada%20Lovelace; session=5f1c9be2d0a74e6e9f1e3b0a7c2d4e88.1762990000; theme=dark; seen=1762990012",
};

const headers = Object.entries(browser).map(([name, value]) => [
  `HTTP_${name.toUpperCase().replaceAll("-", "_")}`,
  value,
]);

/** In the order of Debian's /etc/nginx/fastcgi_params. */
const nginxParams = [
  ["QUERY_STRING", "page=2"],
  ["REQUEST_METHOD", "GET"],
  ["CONTENT_TYPE", ""],
  ["CONTENT_LENGTH", ""],
  ["SCRIPT_NAME", "/entries/newest"],
  ["REQUEST_URI", "/entries/newest?page=2"],
  ["DOCUMENT_URI", "/entries/newest"],
  ["DOCUMENT_ROOT", "/usr/share/nginx/html"],
  ["SERVER_PROTOCOL", "HTTP/1.1"],
  ["REQUEST_SCHEME", "https"],
  ["HTTPS", "on"],
  ["GATEWAY_INTERFACE", "CGI/1.1"],
  ["SERVER_SOFTWARE", "nginx/1.22.1"],
  ["REMOTE_ADDR", "203.0.113.44"],
  ["REMOTE_PORT", "51320"],
  ["SERVER_ADDR", "192.0.2.10"],
  ["SERVER_PORT", "443"],
  ["SERVER_NAME", "guestbook.example.org"],
  ["REDIRECT_STATUS", "200"],
  ...headers,
];

/** As lighttpd 1.4 sends them for an application mounted at "/" with `fix-root-scriptname`. */
const lighttpdParams = [
  ["CONTENT_LENGTH", "0"],
  ["SCRIPT_NAME", ""],
  ["PATH_INFO", "/entries/newest"],
  ["PATH_TRANSLATED", "/var/www/html/entries/newest"],
  ["SCRIPT_FILENAME", "/var/www/html/"],
  ["DOCUMENT_ROOT", "/var/www/html/"],
  ["REQUEST_URI", "/entries/newest?page=2"],
  ["QUERY_STRING", "page=2"],
  ["REQUEST_METHOD", "GET"],
  ["SERVER_PROTOCOL", "HTTP/1.1"],
  ["REDIRECT_STATUS", "200"],
  ["SERVER_SOFTWARE", "lighttpd/1.4.69"],
  ["GATEWAY_INTERFACE", "CGI/1.1"],
  ["REQUEST_SCHEME", "https"],
  ["HTTPS", "on"],
  ["SERVER_PORT", "443"],
  ["SERVER_ADDR", "192.0.2.10"],
  ["SERVER_NAME", "guestbook.example.org"],
  ["REMOTE_ADDR", "203.0.113.44"],
  ["REMOTE_PORT", "51320"],
  ...headers,
];

/** nginx with `fastcgi_keep_conn on`: padded to a multiple of eight. */
export const nginxRequest = fastcgiRequest(nginxParams, 1, -pairs(nginxParams).length & 7);

/** lighttpd: a connection for each request, no padding. */
export const lighttpdRequest = fastcgiRequest(lighttpdParams, 0, 0);

/** nginx on kept connections, with the file that PHP-FPM wants to be told. */
export function nginxRequestFor(file) {
  const params = [...nginxParams, ["SCRIPT_FILENAME", file]];
  return fastcgiRequest(params, 1, -pairs(params).length & 7);
}

/** The same with a body. */
export function nginxPost(body, type) {
  const params = Object.entries({
    ...Object.fromEntries(nginxParams),
    REQUEST_METHOD: "POST",
    CONTENT_TYPE: type,
    CONTENT_LENGTH: `${body.length}`,
  });
  return fastcgiRequest(params, 1, -pairs(params).length & 7, body);
}

/** nginx's scgi_params: the length first, and no SERVER_SOFTWARE or GATEWAY_INTERFACE of FastCGI's. */
export const scgiRequest = netstring(
  [["CONTENT_LENGTH", "0"], ...nginxParams.filter(([name]) => name !== "CONTENT_LENGTH"), ["SCGI", "1"]]
    .map(([name, value]) => `${name}\0${value}\0`)
    .join(""),
);

/** nginx's uwsgi_params: lengths with the low byte first. */
export const uwsgiRequest = uwsgiPacket([...nginxParams, ["PATH_INFO", "/entries/newest"]]);

/** Apache's mod_proxy_ajp. */
export const ajpRequest = ajpForward();

export const keptHttpRequest = httpRequest("keep-alive");
export const closedHttpRequest = httpRequest("close");

export function httpPost(body, type) {
  const fields = { ...browser, "Content-Type": type, "Content-Length": `${body.length}` };
  return Buffer.from(`POST /entries/newest?page=2 HTTP/1.1\r\n${fieldLines(fields)}\r\n${body}`);
}

function fastcgiRequest(params, flags, padding, body = "") {
  const content = pairs(params);
  const record = (type, length, paddingLength) =>
    Buffer.of(1, type, 0, 1, length >> 8, length & 0xff, paddingLength, 0);
  return Buffer.concat([
    record(1, 8, 0),
    Buffer.of(0, 1, flags, 0, 0, 0, 0, 0),
    record(4, content.length, padding),
    content,
    Buffer.alloc(padding),
    record(4, 0, 0),
    ...(body === "" ? [] : [record(5, body.length, 0), Buffer.from(body)]),
    record(5, 0, 0),
  ]);
}

function pairs(params) {
  return Buffer.concat(
    params.flatMap(([name, value]) => [pairLengths(name, value), Buffer.from(name + value)]),
  );
}

function pairLengths(name, value) {
  if (value.length < 0x80) return Buffer.of(name.length, value.length);
  return Buffer.of(name.length, 0x80, 0, value.length >> 8, value.length & 0xff);
}

function netstring(content) {
  return Buffer.from(`${content.length}:${content},`);
}

function uwsgiPacket(params) {
  const little = (length) => Buffer.of(length & 0xff, length >> 8);
  const content = Buffer.concat(
    params.flatMap((pair) => pair.flatMap((text) => [little(text.length), Buffer.from(text)])),
  );
  return Buffer.concat([Buffer.of(0), little(content.length), Buffer.of(0), content]);
}

function ajpForward() {
  const big = (number) => Buffer.of(number >> 8, number & 0xff);
  const string = (text) => Buffer.concat([big(text.length), Buffer.from(`${text}\0`)]);
  /** Names that have a number. */
  const numbers = {
    Accept: 1,
    "Accept-Encoding": 3,
    "Accept-Language": 4,
    Connection: 6,
    Cookie: 9,
    Host: 11,
    "User-Agent": 14,
  };
  const attribute = (name, value) => Buffer.concat([Buffer.of(0x0a), string(name), string(value)]);
  const payload = Buffer.concat([
    Buffer.of(2, 2),
    string("HTTP/1.1"),
    string("/entries/newest"),
    string("203.0.113.44"),
    big(0xffff),
    string("guestbook.example.org"),
    big(443),
    Buffer.of(1),
    big(Object.keys(browser).length),
    ...Object.entries(browser).flatMap(([name, value]) => [Buffer.of(0xa0, numbers[name]), string(value)]),
    Buffer.of(0x05),
    string("page=2"),
    attribute("AJP_REMOTE_PORT", "51320"),
    attribute("AJP_LOCAL_ADDR", "192.0.2.10"),
    Buffer.of(0xff),
  ]);
  return Buffer.concat([Buffer.of(0x12, 0x34), big(payload.length), payload]);
}

function httpRequest(connection) {
  const lines = fieldLines({ ...browser, Connection: connection });
  return Buffer.from(`GET /entries/newest?page=2 HTTP/1.1\r\n${lines}\r\n`);
}

function fieldLines(fields) {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
}
