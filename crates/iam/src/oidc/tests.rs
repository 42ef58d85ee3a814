//! What configuration may say; tokens and keys are tried from outside (e2e).

use super::IssuerSettings;

fn read(text: &str) -> Result<IssuerSettings, String> {
    serde_json::from_str(text).map_err(|fault| fault.to_string())
}

#[test]
fn peer_17_issuers_are_checked_while_they_are_read() {
    let good =
        r#"{"url":"https://k8s.example/a/","audiences":["x"],"jwks_url":"http://127.0.0.1:8001/keys"}"#;
    assert_eq!(read(good).expect("fits").url.place(), "k8s.example/a");
    for (wrong, part) in [
        (r#"{"url":"http://k8s.example","audiences":["x"],"jwks_file":"f"}"#, "plain http"),
        (r#"{"url":"k8s.example","audiences":["x"],"jwks_file":"f"}"#, "https://host/path"),
        (r#"{"url":"https://a?b","audiences":["x"],"jwks_file":"f"}"#, "no query"),
        (r#"{"url":"https://u:p@a","audiences":["x"],"jwks_file":"f"}"#, "https://host/path"),
        (r#"{"url":"https://a","audiences":[],"jwks_file":"f"}"#, "at least one audience"),
        (r#"{"url":"https://a","audiences":["x"]}"#, "either jwks_file or jwks_url"),
        (r#"{"url":"https://a","audiences":["x"],"jwks_file":"f","jwks_url":"https://a"}"#, "either"),
        (r#"{"url":"https://a","audiences":["x"],"jwks_url":"http://10.0.0.1/k"}"#, "plain http"),
        (r#"{"url":"https://a","audiences":["x"],"jwks_file":"f","accounts":["1"]}"#, "digits"),
        (r#"{"url":"https://a","audiences":["x"],"jwks_file":"f","clients":[]}"#, "unknown field"),
    ] {
        let fault = read(wrong).expect_err(wrong);
        assert!(fault.contains(part), "{wrong}: {fault}");
    }
}
