// The numbers of AJP 1.3, as its reference has them ("Apache JServ Protocol version 1.3", of the Tomcat Connectors), and
// what mod_jk, mod_proxy_ajp and Tomcat have added to it since. A "server" is the web server, a "gateway" the one behind.

/** The first two bytes of a packet: who sent it. */
export const Magic = { Server: 0x1234, Gateway: 0x4142 } as const;

/** The first byte of a payload. A data packet, which carries a part of the request's body, has none. */
export const PacketType = {
  ForwardRequest: 0x02,
  SendBodyChunk: 0x03,
  SendHeaders: 0x04,
  EndResponse: 0x05,
  GetBodyChunk: 0x06,
  Shutdown: 0x07,
  Ping: 0x08,
  CPong: 0x09,
  CPing: 0x0a,
} as const;

/** Magic and length. */
export const HEADER_BYTES = 4;

/** A packet's size with its header: what both sides use unless both are told otherwise, and the most they can be told. */
export const DEFAULT_PACKET_BYTES = 8_192;
export const MAX_PACKET_BYTES = 65_536;

/** Bytes of a data packet that are no data: its header, and the length in front of the data. */
export const DATA_PACKET_OVERHEAD = HEADER_BYTES + 2;

/** Bytes of a SEND_BODY_CHUNK that are no data: its header, its type, the length, and a NUL behind the data. */
export const BODY_CHUNK_OVERHEAD = HEADER_BYTES + 1 + 2 + 1;

/** The length of a string that is null. No bytes follow it, nor the NUL behind the bytes. */
export const NULL_STRING = 0xffff;

/** The high byte of a header's name that is a number. No string can begin with it: it would be too long. */
export const CODED_NAME = 0xa0;

/** Methods in the order of their numbers, of which the first is 1. */
export const METHODS = [
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
] as const;

/** The number of any other method, whose name is in the attribute `storedMethod`. */
export const STORED_METHOD = 0xff;

/** Names of request headers in the order of their numbers, of which the first is A001. */
export const REQUEST_HEADERS = [
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
] as const;

/** Names of response headers, in the same way. */
export const RESPONSE_HEADERS = [
  "Content-Type",
  "Content-Language",
  "Content-Length",
  "Date",
  "Last-Modified",
  "Location",
  "Set-Cookie",
  "Set-Cookie2",
  "Servlet-Engine",
  "Status",
  "WWW-Authenticate",
] as const;

/** Numbers of the attributes of a request. Each is a string but for `RequestAttribute`, which is two, and the key size. */
export const Attribute = {
  Context: 0x01,
  ServletPath: 0x02,
  RemoteUser: 0x03,
  AuthType: 0x04,
  QueryString: 0x05,
  Route: 0x06,
  SslCert: 0x07,
  SslCipher: 0x08,
  SslSession: 0x09,
  RequestAttribute: 0x0a,
  SslKeySize: 0x0b,
  Secret: 0x0c,
  StoredMethod: 0x0d,
  End: 0xff,
} as const;
