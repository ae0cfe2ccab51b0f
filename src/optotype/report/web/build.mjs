// Bundles src/ into dist/report.js and dist/report.css; the same sources give the same bytes everywhere.
import { readFileSync } from "node:fs";
import { build, context } from "esbuild";

const licence = readFileSync("node_modules/preact/LICENSE", "utf8").trim();

const options = {
  entryPoints: { report: "src/main.tsx" },
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  charset: "ascii",
  legalComments: "none",
  banner: { js: `/* Optotype, Apache-2.0. Includes Preact:\n${licence}\n*/` },
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "info",
};

if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  await build(options);
}
