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

export const keptHttpRequest = httpRequest("keep-alive");
export const closedHttpRequest = httpRequest("close");

function fastcgiRequest(params, flags, padding) {
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

function httpRequest(connection) {
  const lines = Object.entries({ ...browser, Connection: connection }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return Buffer.from(`GET /entries/newest?page=2 HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
}
