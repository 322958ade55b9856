//! Lua's own libraries, where the static binary has functions of its own behind them in place of the C library's (`src/lua/musl`).
//!
//! The functions have their unit tests, which run on the machine that builds; this is the binary itself, under qemu too.

use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_tests::process::Setup;

/// Evaluates the expressions of the event.
const HANDLER: &str = "return { handler = function(expressions)\n\
    local results = {}\n\
    for index, expression in ipairs(expressions) do results[index] = ('%.17g'):format(loadstring('return ' .. expression)()) end\n\
    return results\n\
  end }\n";

#[test]
fn mathematics_has_the_results_of_this_machines_library_or_the_next_doubles() {
    let numbers = [1e-300, 0.1, 0.5, 0.7, 1.0, 2.5, 10.0, 709.0, 1e22];
    type Function = (&'static str, fn(f64) -> f64);
    let functions: [Function; 13] = [
        ("exp", f64::exp),
        ("log", f64::ln),
        ("log10", f64::log10),
        ("sin", f64::sin),
        ("cos", f64::cos),
        ("tan", f64::tan),
        ("asin", f64::asin),
        ("acos", f64::acos),
        ("atan", f64::atan),
        ("sinh", f64::sinh),
        ("cosh", f64::cosh),
        ("tanh", f64::tanh),
        ("sqrt", f64::sqrt),
    ];
    let mut rows: Vec<(String, f64)> = Vec::new();
    for x in numbers.into_iter().flat_map(|x| [x, -x]) {
        rows.extend(functions.map(|(name, function)| (format!("math.{name}({x:e})"), function(x))));
        for y in numbers.into_iter().flat_map(|y| [y, -y]) {
            rows.push((format!("({x:e})^({y:e})"), x.powf(y)));
            rows.push((format!("math.atan2({x:e}, {y:e})"), x.atan2(y)));
            rows.push((format!("math.fmod({x:e}, {y:e})"), x % y));
        }
    }
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let process = Setup::new(HANDLER).start(api.address());
    let expressions: Vec<&String> = rows.iter().map(|(expression, _)| expression).collect();
    let outcome = api.queue(Invocation::new(serde_json::to_vec(&expressions).expect("texts"))).wait();
    let Outcome::Response(response) = outcome else { panic!("{outcome:?}\n{}", process.report()) };
    let results: Vec<String> = serde_json::from_slice(&response.body).expect("a list of numbers");
    assert_eq!(results.len(), rows.len());
    for (result, (expression, expected)) in results.iter().zip(rows) {
        let found: f64 = result.parse().expect("a number");
        // The libraries differ in the last place, each in its own.
        let is_equal = found == expected || found.is_nan() && expected.is_nan() || found.to_bits().abs_diff(expected.to_bits()) <= 2;
        assert!(is_equal, "{expression}: {result}, not {expected:e}");
    }
}

/// With LuaJIT's own functions the last ones would be `906459071.86` and `2e-307`: this tells which are in the binary.
#[test]
fn numbers_as_text_are_exact_in_every_build() {
    let rows = [
        ("tostring(0.1)", "0.1"),
        ("1e15 .. '|' .. -0 .. '|' .. 2^53", "1e+15|-0|9.007199254741e+15"),
        ("tostring(0/0) .. ' ' .. 1/0 .. ' ' .. -1/0", "nan inf -inf"),
        ("('%5.1f|%-8.3g|%+.3e|%#x'):format(2.25, 1e5, 12345.678, 255)", "  2.2|1e+05   |+1.235e+04|0xff"),
        ("('%.99f'):format(2^-60):sub(-41)", "25000000000000000000000000000000000000000"),
        ("#('%099.99f'):format(1e300)", "401"),
        ("require('string.buffer').new():putf('%.3f', 1/3):put(0.5, 7):tostring()", "0.3330.57"),
        ("table.concat({1.5, 2, 1e100}, ',')", "1.5,2,1e+100"),
        ("('%a %.0a'):format(1, 1.5)", "0x1p+0 0x2p+0"),
        ("tonumber(' 0x1.8p1 ') + '1e1' + 0b11", "16"),
        ("tostring(tonumber('1e')) .. tostring(tonumber('0x')) .. tostring(tonumber('1 2'))", "nilnilnil"),
        ("tostring(0xffULL) .. tostring(-9223372036854775807LL)", "255ULL-9223372036854775807LL"),
        ("require('ffi').sizeof('char[010]') .. ' ' .. require('ffi').sizeof('char[0x10]')", "8 16"),
        ("('%.2f'):format(5e-324)", "0.00"),
        ("('%.0e'):format(2.5e-307)", "3e-307"),
    ];
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let handler =
        HANDLER.replace("('%.17g'):format(loadstring('return ' .. expression)())", "tostring(loadstring('return ' .. expression)())");
    let process = Setup::new(&handler).start(api.address());
    let outcome = api.queue(Invocation::new(serde_json::to_vec(&rows.map(|(expression, _)| expression)).expect("texts"))).wait();
    let Outcome::Response(response) = outcome else { panic!("{outcome:?}\n{}", process.report()) };
    let results: Vec<String> = serde_json::from_slice(&response.body).expect("a list of texts");
    for (result, (expression, expected)) in results.iter().zip(rows) {
        assert_eq!(result, expected, "{expression}");
    }
}
