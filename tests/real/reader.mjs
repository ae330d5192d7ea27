// Says what `JSON.parse` reads: lengths (32 bits, little end first) and bytes come in, and the same way go back method,
// tool, arguments and the whole message, spelled as `tests/src/differential/plain.rs` does; `!` and the reason where
// nothing could be read.

const double = new DataView(new ArrayBuffer(8));

function number(value) {
  double.setFloat64(0, value + 0);
  return "f" + double.getBigUint64(0).toString(16).padStart(16, "0");
}

const quoted = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;

function spelled(value) {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(spelled).join(",")}]`;
  // The default order is that of UTF-16.
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${quoted(key)}:${spelled(value[key])}`).join(",")}}`;
}

function read(body) {
  const message = JSON.parse(body.toString("utf8"));
  const params = message.params ?? {};
  return spelled([message.method, params.name, params.arguments, message]);
}

let held = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  held = held.length ? Buffer.concat([held, chunk]) : chunk;
  const answers = [];
  while (held.length >= 4 && held.length >= 4 + held.readUInt32LE(0)) {
    const end = 4 + held.readUInt32LE(0);
    let said;
    try {
      said = read(held.subarray(4, end));
    } catch (error) {
      said = `!${error.message}`;
    }
    const bytes = Buffer.from(said);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(bytes.length);
    answers.push(head, bytes);
    held = held.subarray(end);
  }
  if (answers.length) process.stdout.write(Buffer.concat(answers));
}
