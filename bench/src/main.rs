//! Measures the server beside its ceilings, all in one run on one machine.
//!
//! What: two yardsticks and the real server, each a process of its own, under the same load of signed requests.
//! Why so: these machines are noisy, and a figure alone says little; a ratio taken in the same minute does. The
//! unit is requests per second of the server's own CPU time, so that the load generator beside it costs nothing.
//!
//! - `bare`: hyper answering a constant. The ceiling of the HTTP stack.
//! - `limit`: the same stack, verifies the signature and does one AES-256-GCM. No policy, no trail, no store:
//!   what a correct server of this API cannot be faster than.

mod asymmetric;
mod grants;
mod load;
mod process;
mod report;
mod scale;
mod stores;
mod yardstick;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["serve", kind] => yardstick::serve(kind),
        ["run", server] => report::run(server),
        ["scale", server] => scale::run(server),
        ["stores", server] => stores::run(server),
        ["asymmetric", server] => asymmetric::run(server),
        ["grants", server] => grants::run(server),
        ["load", port] => report::load_only(port, false),
        ["load", port, "user"] => report::load_only(port, true),
        _ => Err("usage: keywright-bench run|scale|stores|asymmetric|grants <path of the keywright binary>\n       keywright-bench load <port> [user]   (Encrypt on a running server, for profilers)".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}
