//! What the platform says in the environment: one borrowed struct, read once.
//!
//! Source: `Defined runtime environment variables`, docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html. An empty value counts
//! as absent.

use crate::bytes;
use crate::sys;

/// The environment variables that the runtime reads. `AWS_LAMBDA_…` unless another name is given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Env {
    /// `AWS_LAMBDA_RUNTIME_API`: `host:port`, perhaps with a path behind it.
    pub runtime_api: Option<&'static [u8]>,
    /// `_HANDLER`.
    pub handler: Option<&'static [u8]>,
    /// `LAMBDA_TASK_ROOT`: the folder of the function's files.
    pub task_root: Option<&'static [u8]>,
    /// `…FUNCTION_NAME`.
    pub function_name: Option<&'static [u8]>,
    /// `…FUNCTION_VERSION`.
    pub function_version: Option<&'static [u8]>,
    /// `…FUNCTION_MEMORY_SIZE`, in MB.
    pub memory_mb: Option<u32>,
    /// `…LOG_GROUP_NAME`.
    pub log_group_name: Option<&'static [u8]>,
    /// `…LOG_STREAM_NAME`.
    pub log_stream_name: Option<&'static [u8]>,
    /// `…LOG_FORMAT`: `JSON` or `Text`, in any case.
    pub log_format: Option<&'static [u8]>,
    /// `…LOG_LEVEL`: `TRACE` to `FATAL`.
    pub log_level: Option<&'static [u8]>,
    /// `…INITIALIZATION_TYPE`: `on-demand`, `snap-start` and others.
    pub initialization_type: Option<&'static [u8]>,
    /// `…MAX_CONCURRENCY`: set on managed instances.
    pub concurrency: Option<u32>,
    /// The variable with the folders in which the language looks for modules, see [`Env::read`].
    pub search_path: Option<&'static [u8]>,
    /// `COLDMOON_EVENT`: `string` for string mode.
    pub event_mode: Option<&'static [u8]>,
    /// `COLDMOON_PIPELINE`: `1` to ask for the next event in one write with the response.
    pub is_pipelined: bool,
}

/// The variables that mean something in every language, in the order in which [`Env::read`] takes their values.
const NAMES: [&[u8]; 14] = [
    b"AWS_LAMBDA_RUNTIME_API",
    b"_HANDLER",
    b"LAMBDA_TASK_ROOT",
    b"AWS_LAMBDA_FUNCTION_NAME",
    b"AWS_LAMBDA_FUNCTION_VERSION",
    b"AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    b"AWS_LAMBDA_LOG_GROUP_NAME",
    b"AWS_LAMBDA_LOG_STREAM_NAME",
    b"AWS_LAMBDA_LOG_FORMAT",
    b"AWS_LAMBDA_LOG_LEVEL",
    b"AWS_LAMBDA_INITIALIZATION_TYPE",
    b"AWS_LAMBDA_MAX_CONCURRENCY",
    b"COLDMOON_EVENT",
    b"COLDMOON_PIPELINE",
];

impl Env {
    /// Reads the process's environment, in one pass: asking for each variable by its name would be a pass for each. Of two variables with
    /// the same name the first counts, as for `getenv(3)`. `search_path` is the name of the language's own variable, such as `LUA_PATH`.
    pub fn read(search_path: &[u8]) -> Env {
        let mut values = [None; NAMES.len() + 1];
        for (name, value) in sys::variables().filter(|(_, value)| !value.is_empty()) {
            let known = NAMES.iter().position(|known| *known == name);
            if let Some(index) = known.or((name == search_path).then_some(NAMES.len())) {
                values[index].get_or_insert(value);
            }
        }
        let [
            runtime_api,
            handler,
            task_root,
            function_name,
            function_version,
            memory_mb,
            log_group_name,
            log_stream_name,
            log_format,
            log_level,
            initialization_type,
            concurrency,
            event_mode,
            pipeline,
            search_path,
        ] = values;
        let number = |value: Option<_>| value.and_then(parse_u64).and_then(|number| u32::try_from(number).ok());
        Env {
            runtime_api,
            handler,
            task_root,
            function_name,
            function_version,
            memory_mb: number(memory_mb),
            log_group_name,
            log_stream_name,
            log_format,
            log_level,
            initialization_type,
            concurrency: number(concurrency),
            search_path,
            event_mode,
            is_pipelined: pipeline == Some(b"1"),
        }
    }

    /// Whether a snapshot of the initialised environment will be taken (SnapStart).
    pub fn is_snapshot(&self) -> bool {
        self.initialization_type == Some(b"snap-start")
    }

    /// The folder of the function's files; the working directory where the platform does not say.
    pub fn task_root(&self) -> &'static [u8] {
        self.task_root.unwrap_or(b".")
    }
}

/// `_HANDLER` at its last dot: the module, and the function where one is named.
pub fn split_handler(handler: &[u8]) -> (&[u8], Option<&[u8]>) {
    match bytes::find_last(b'.', handler) {
        Some(dot) => (&handler[..dot], Some(&handler[dot + 1..])),
        None => (handler, None),
    }
}

/// `_X_AMZN_TRACE_ID`, for the X-Ray libraries that look there: set for one invocation, or removed.
pub fn set_trace_id(value: Option<&[u8]>) {
    sys::set_trace_variable(value);
}

/// A decimal number without sign.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for digit in text {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    (!text.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_and_fit() {
        assert_eq!(parse_u64(b"1542409706888"), Some(1_542_409_706_888));
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        for bad in [&b""[..], b"-1", b"+1", b" 1", b"1.0", b"18446744073709551616"] {
            assert_eq!(parse_u64(bad), None, "{bad:?}");
        }
    }
}
