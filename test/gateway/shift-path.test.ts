// bottle's path_shift, and wsgiref.util.shift_path_info of Python.

import { expect, test } from "vitest";
import { shiftPath } from "../../lib/gateway/shift-path.ts";
import { requestEnviron } from "../../lib/testing/request-environ.ts";

test.each<[mount: string, path: string, segments: number, moved: string, mount: string, path: string]>([
  ["", "/a/b/c", 1, "/a", "/a", "/b/c"],
  ["/x", "/a/b/c", 2, "/a/b", "/x/a/b", "/c"],
  ["", "/a/b", 2, "/a/b", "/a/b", ""],
  ["", "/a/b/", 2, "/a/b", "/a/b", "/"],
  ["", "//a///b/c", 2, "/a/b", "/a/b", "/c"],
  ["/a/b", "/c", -1, "/b", "/a", "/b/c"],
  ["/a/b", "", -2, "/a/b", "", "/a/b"],
  ["/a/b", "/", -1, "/b", "/a", "/b/"],
  ["/a", "/b", 0, "", "/a", "/b"],
])("%j and %j by %d", (mount, path, segments, moved, newMount, newPath) => {
  const environ = Object.assign(requestEnviron("/"), { SCRIPT_NAME: mount, PATH_INFO: path });
  expect(shiftPath(environ, segments)).toBe(moved);
  expect([environ.SCRIPT_NAME, environ.PATH_INFO]).toEqual([newMount, newPath]);
});

test.each([
  ["", "", 1],
  ["", "/", 1],
  ["/a", "/b", 2],
  ["/a", "/b", -2],
  ["", "/../b", 1],
  ["", "/a/./b", 2],
])("%j and %j cannot be shifted by %d", (mount, path, segments) => {
  const environ = Object.assign(requestEnviron("/"), { SCRIPT_NAME: mount, PATH_INFO: path });
  expect(shiftPath(environ, segments)).toBeUndefined();
  expect([environ.SCRIPT_NAME, environ.PATH_INFO]).toEqual([mount, path]);
});

test("one segment is moved, unless it is said how many", () => {
  const environ = requestEnviron("/a/b");
  expect(shiftPath(environ)).toBe("/a");
  expect(() => shiftPath(environ, 0.5)).toThrow(expect.objectContaining({ code: "PATH_SHIFT" }));
});
