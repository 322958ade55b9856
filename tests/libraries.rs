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
