// Checks a Terraform file as far as that goes without the provider, which no package registry has: HashiCorp's own parser reads it, and
// every variable, resource and data source that an expression names is declared.
// Usage: node terraform.cjs PARSER-MODULE FILE
const { readFileSync } = require("node:fs");

async function main([parser, file]) {
  const { parse } = require(parser);
  const document = await parse(file, readFileSync(file, "utf8"));
  const declared = new Set(Object.keys(document.variable ?? {}).map((name) => `var.${name}`));
  for (const [prefix, types] of [["", document.resource], ["data.", document.data]]) {
    for (const [type, names] of Object.entries(types ?? {})) {
      for (const name of Object.keys(names)) declared.add(`${prefix}${type}.${name}`);
    }
  }
  const text = JSON.stringify(document);
  const named = new Set(text.match(/\bvar\.\w+|\bdata\.\w+\.\w+|(?<!data\.|"arn:)\baws_\w+\.\w+/g));
  const unknown = [...named].filter((name) => !declared.has(name));
  const unused = [...declared].filter((name) => name.startsWith("var.") && !named.has(name));
  if (unknown.length > 0 || unused.length > 0 || named.size === 0) {
    throw new Error(`${file}: declared nowhere: ${unknown.join(" ") || "-"}; of no use: ${unused.join(" ") || "-"}`);
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(String(error.message ?? error));
  process.exit(1);
});
