import { expect, test } from "vitest";
import { HtmlPage } from "../../lib/testing/html-page.ts";
import { selectElements } from "../../lib/testing/html-selector.ts";

const page = new HtmlPage(`<!doctype html>
<html><head><title>a <b>title</title><script>if (1 < 2) document.write("<p class=no>");</script></head>
<body><!-- <p class="no">gone</p> -->
<nav ID=top><ul><li class="item first"><a HREF="/">Home</a><li class=item><a href='/x?a=1&amp;b=2'>X</a><li>last</ul></nav>
<main><p>one<p>two <img src="a>b.png"><br>end<div><p id="inner">in</p></div>
<table><tr><td>1<td>2<tr><td>3</table>
<form><select name="s"><option>a<option selected>b</select><input required></form></main></body></html>`);

test.each([
  ["title", ["<title>a <b>title</title>"]],
  ["#inner", ['<p id="inner">in</p>']],
  [
    "li",
    [
      '<li class="item first"><a HREF="/">Home</a>',
      "<li class=item><a href='/x?a=1&amp;b=2'>X</a>",
      "<li>last",
    ],
  ],
  [".item.first", ['<li class="item first"><a HREF="/">Home</a>']],
  ["nav a[href='/']", ['<a HREF="/">Home</a>']],
  ["main p", ["<p>one", '<p>two <img src="a>b.png"><br>end', '<p id="inner">in</p>']],
  ["img[src]", ['<img src="a>b.png">']],
  ["tr td", ["<td>1", "<td>2", "<td>3"]],
  ["option[selected]", ["<option selected>b"]],
  ["[name=s] option", ["<option>a", "<option selected>b"]],
  ["NAV#top .item a", ['<a HREF="/">Home</a>', "<a href='/x?a=1&amp;b=2'>X</a>"]],
  ["* input", ["<input required>"]],
  [".no", []],
  ["ul main", []],
  ["a nav", []],
])("%s", (selector, found) => {
  expect(selectElements(page, selector).map(({ html }) => html)).toEqual(found);
});

test.each(["a > b", "p:first-child", "a, b", "[x^=y]", "p..x", "#"])("%s is refused by name", (selector) => {
  expect(() => selectElements(page, selector)).toThrow(
    /^The selector .* cannot be read from ".*" on: it may hold tags, .classes, #ids, \[attributes\] and blanks/,
  );
});
