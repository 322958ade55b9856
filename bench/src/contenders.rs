//! The runtimes that are compared, each with its function and what it must answer.

use crate::Bench;
use crate::process::{Life, Program};
use crate::server::{Plan, Server};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One runtime with one function.
pub struct Contender {
    /// As the tables call it.
    pub name: &'static str,
    /// How it is started.
    pub program: Program,
    /// What it is sent.
    pub event: Vec<u8>,
    /// Whether an answer is right.
    pub is_right: fn(&Value) -> bool,
    /// Too slow for as many rounds as the others.
    pub is_slow: bool,
    /// The program file is copied afresh for each run: where the page cache puts a file is luck that lasts as long as the file.
    pub is_copied: bool,
}

/// The core with another language: `examples/quickjs`.
pub const QUICKJS: &str = "coldmoon's core with QuickJS, hello";

const HELLO: &[u8] = br#"{"name":"Ada"}"#;

fn is_hello(answer: &Value) -> bool {
    answer["message"] == "Hello, Ada!"
}

fn is_gateway(answer: &Value) -> bool {
    answer["statusCode"] == 200 && answer["body"].as_str().is_some_and(|body| body.contains("\"method\""))
}

fn is_ten(answer: &Value) -> bool {
    answer["sum"] == 55
}

impl Contender {
    /// One process of it, its last answer checked.
    pub fn run(&self, bench: &Bench, server: &Server, cycles: usize) -> Result<Life> {
        self.run_with(bench, server, &self.event, cycles)
    }

    /// The same with another event.
    pub fn run_with(&self, bench: &Bench, server: &Server, event: &[u8], cycles: usize) -> Result<Life> {
        let plan = Plan { event, cycles, patience: Duration::from_secs(30), spin: bench.option("spin") != Some("no") };
        let life = self.program.run(server, &plan, &bench.work.join("process.log"))?;
        if cycles > 0 {
            let answer: Value = serde_json::from_slice(&life.line.body)
                .with_context(|| format!("{} answered {}", self.name, String::from_utf8_lossy(&life.line.body)))?;
            if !(self.is_right)(&answer) {
                bail!("{} answered {answer}", self.name);
            }
        }
        Ok(life)
    }

    /// The same with a fresh copy of its program.
    pub fn copied(&self, bench: &Bench, run: usize) -> Result<Program> {
        let mut program = self.program.clone();
        if self.is_copied {
            let folder = bench.work.join("copies");
            std::fs::create_dir_all(&folder)?;
            let name: String = self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            let to = folder.join(format!("{name}-{run}"));
            let _ = std::fs::remove_file(&to);
            std::fs::copy(&program.command[0], &to)?;
            program.command[0] = to.display().to_string();
        }
        Ok(program)
    }
}

/// All that are there; prints why others are not.
pub fn find(bench: &Bench, server: &Server) -> Result<Vec<Contender>> {
    let runtimes = bench.root.join("bench/runtimes");
    let layer = bench.option("static").context("--static: the bootstrap of the layer; scripts/bench builds it")?.to_owned();
    let mut list = Vec::new();
    let only = bench.option("only");
    let mut add = |name: &'static str,
                   command: Vec<String>,
                   folder: PathBuf,
                   env: &[(&str, &str)],
                   event: &[u8],
                   is_right: fn(&Value) -> bool,
                   is_slow: bool| {
        if only.is_some_and(|only| name != "floor" && !only.split(',').any(|part| name.contains(part))) {
            return;
        }
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let is_copied = !is_slow && command.len() == 1;
        list.push(Contender { name, program: Program { command, env, folder }, event: event.to_vec(), is_right, is_slow, is_copied });
    };
    let own = |path: PathBuf| vec![path.display().to_string()];

    let hello = runtimes.join("hello");
    add("floor", own(compile_floor(bench, "floor", "")?), hello.clone(), &[], HELLO, is_hello, false);
    add("coldmoon, hello", vec![layer.clone()], hello.clone(), &[], HELLO, is_hello, false);
    let gateway_event = bench.data().join("events/apigw-request.json");
    match std::fs::read(&gateway_event) {
        Ok(event) => add("coldmoon, API Gateway", vec![layer.clone()], runtimes.join("gateway"), &[], &event, is_gateway, false),
        Err(error) => skip("coldmoon, API Gateway", &format!("{}: {error}", gateway_event.display())),
    }
    let (source, bytecode) = ten_modules(bench, server, &layer)?;
    add("coldmoon, ten modules, source", vec![layer.clone()], source, &[], HELLO, is_ten, false);
    add("coldmoon, ten modules, bytecode", vec![layer.clone()], bytecode, &[], HELLO, is_ten, false);

    match bench.option("js").filter(|path| Path::new(path).exists()) {
        Some(path) => add(QUICKJS, vec![path.to_owned()], runtimes.join("quickjs"), &[], HELLO, is_hello, false),
        None => skip(QUICKJS, "it is not built; scripts/layer --js x86_64 builds it"),
    }

    let peers = bench.work.join("peers/x86_64-unknown-linux-gnu/release");
    for (name, file) in [("crate lambda_runtime, lean", "hello-lean"), ("crate lambda_runtime, its template", "hello-template")] {
        match peers.join(file).exists() {
            true => add(name, own(peers.join(file)), hello.clone(), &[], HELLO, is_hello, false),
            false => skip(name, "it is not built; run scripts/bench-setup"),
        }
    }
    match Path::new("/usr/bin/luajit").exists()
        && Path::new("/usr/share/lua/5.1/socket/http.lua").exists()
        && Path::new("/usr/share/lua/5.1/dkjson.lua").exists()
    {
        true => {
            add("blog (luajit, LuaSocket, dkjson)", own(runtimes.join("blog/bootstrap")), runtimes.join("blog"), &[], HELLO, is_hello, true)
        }
        false => skip("blog", "Debian's luajit, lua-socket, lua-dkjson are not installed; run scripts/bench-setup"),
    }
    match Path::new("/usr/bin/curl").exists() && Path::new("/bin/bash").exists() {
        true => add("bash and curl", own(runtimes.join("curl/bootstrap")), runtimes.join("curl"), &[], HELLO, is_hello, true),
        false => skip("bash and curl", "one of them is not installed"),
    }
    let python = bench.work.join("python/bin/python");
    match python.exists() {
        true => add(
            "Python, awslambdaric",
            vec![python.display().to_string(), "-m".to_owned(), "awslambdaric".to_owned(), "app.handler".to_owned()],
            runtimes.join("python"),
            &[],
            HELLO,
            is_hello,
            true,
        ),
        false => skip("Python, awslambdaric", "it is not installed; run scripts/bench-setup"),
    }
    let node = "/usr/bin/node".to_owned();
    let ric = bench.work.join("node/node_modules/aws-lambda-ric");
    let page = runtimes.join("node/bootstrap.js");
    let (name, script) = match ric.join("dist/rapid-client.node").exists() {
        true => ("Node.js, aws-lambda-ric", ric.join("bin/index.mjs")),
        // What it adds to Node.js is compiled when it is installed, which takes more than a registry.
        false => ("Node.js, the protocol in a page", page),
    };
    match Path::new(&node).exists() {
        true => {
            let command = vec![node, script.display().to_string(), "app.handler".to_owned()];
            add(name, command, runtimes.join("node"), &[], HELLO, is_hello, true)
        }
        false => skip("Node.js", "/usr/bin/node is not there"),
    }
    Ok(list)
}

/// A contender whose answers are not looked at: the runtime of the layer with any function.
pub fn coldmoon(layer: &str, name: &'static str, folder: PathBuf, env: &[(&str, &str)]) -> Contender {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let program = Program { command: vec![layer.to_owned()], env, folder };
    Contender { name, program, event: HELLO.to_vec(), is_right: is_hello, is_slow: false, is_copied: false }
}

fn skip(name: &str, reason: &str) {
    println!("skipped: {name}: {reason}\n");
}

/// Compiles the program without an interpreter.
pub fn compile_floor(bench: &Bench, name: &str, flag: &str) -> Result<PathBuf> {
    let source = bench.root.join("bench/runtimes/floor.c");
    let to = bench.work.join(name);
    let mut command = std::process::Command::new("musl-gcc");
    command.args(["-static", "-no-pie", "-Os", "-s", "-D_GNU_SOURCE", "-Wl,-z,norelro", "-Wl,--build-id=none", "-o"]).arg(&to).arg(source);
    if !flag.is_empty() {
        command.arg(flag);
    }
    if !command.status().context("musl-gcc (Debian: apt-get install musl-tools)")?.success() {
        bail!("floor.c does not compile");
    }
    Ok(to)
}

/// Lua source of about `bytes` bytes that looks like a program: functions, tables, texts. `export` is what the module returns.
pub fn lua_source(bytes: usize, seed: usize, export: &str) -> String {
    let mut text = String::from("local M = {}\n");
    let mut index = 0;
    while text.len() + export.len() + 10 < bytes {
        text.push_str(&format!(
            "\n-- Validates field {index} of a request and returns it in its normal form.\n\
             function M.field_{seed}_{index}(request, options)\n  \
               local value = request[\"field_{index}\"]\n  \
               if value == nil then return nil, \"field_{index} is missing\" end\n  \
               if type(value) == \"string\" then value = value:gsub(\"^%s+\", \"\"):gsub(\"%s+$\", \"\") end\n  \
               for key, limit in pairs(options.limits or {{ low = {index}, high = {} }}) do\n    \
                 if tonumber(value) and value > limit then return nil, key .. \" of field_{index} is too large\" end\n  \
               end\n  \
               return {{ name = \"field_{index}\", value = value, position = {index} }}\nend\n",
            index * 7 + 100,
        ));
        index += 1;
    }
    text.push_str(export);
    text.push_str("\nreturn M\n");
    text
}

/// Compiles every Lua file of a folder to stripped bytecode in another, with the runtime itself.
pub fn compile_lua(bench: &Bench, server: &Server, layer: &str, from: &Path, to: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().context("a file has a name")?.to_owned();
        files.push(serde_json::json!([path.display().to_string(), to.join(name).display().to_string()]));
    }
    let env = vec![("_HANDLER".to_owned(), "compile.handler".to_owned())];
    let program = Program { command: vec![layer.to_owned()], env, folder: bench.root.join("bench/lua") };
    let event = Value::Array(files).to_string();
    let plan = Plan { event: event.as_bytes(), cycles: 1, patience: Duration::from_secs(30), spin: false };
    program.run(server, &plan, &bench.work.join("compile.log"))?;
    Ok(())
}

/// A function of ten modules of three kilobytes, as source and as bytecode.
fn ten_modules(bench: &Bench, server: &Server, layer: &str) -> Result<(PathBuf, PathBuf)> {
    let (source, bytecode) = (bench.work.join("ten-source"), bench.work.join("ten-bytecode"));
    let _ = std::fs::remove_dir_all(&source);
    std::fs::create_dir_all(&source)?;
    let mut app = String::from("local sum = 0\n");
    for index in 1..=10 {
        std::fs::write(source.join(format!("part{index}.lua")), lua_source(3000, index, &format!("M.number = {index}")))?;
        app.push_str(&format!("local part{index} = require \"part{index}\" sum = sum + part{index}.number\n"));
    }
    app.push_str("return { handler = function(event) return { sum = sum } end }\n");
    std::fs::write(source.join("app.lua"), app)?;
    compile_lua(bench, server, layer, &source, &bytecode)?;
    Ok((source, bytecode))
}
