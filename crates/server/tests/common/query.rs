//! IAM and STS, asked as their clients ask: a form that is signed, an answer in XML.

use super::callers::Login;
use super::{ACCESS_KEY_ID, REGION, Refusal, SECRET, TestServer};
use http::{Request, header};
use keywright_aws::sigv4::{SigningCredentials, sign};
use keywright_types::{Clock as _, SecretText};

/// The text of the first element of that name.
pub fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.to_owned())
}

/// The texts of all elements of that name.
pub fn elements(xml: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&start).skip(1);
    parts.filter_map(|part| part.split_once(&end)).map(|(text, _)| text.to_owned()).collect()
}

/// A form's field: everything but letters and digits is escaped, which every reader must undo.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

impl TestServer {
    /// Asks IAM as the root user.
    pub async fn iam(&self, action: &str, fields: &[(&str, &str)]) -> Result<String, Refusal> {
        let secret = SecretText::new(SECRET.to_owned());
        let root = SigningCredentials { access_key_id: ACCESS_KEY_ID, secret: &secret, session_token: None };
        self.query(&root, "iam", "2010-05-08", action, fields).await
    }

    /// Asks IAM as somebody.
    pub async fn iam_as(
        &self,
        who: &Login,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Result<String, Refusal> {
        self.query(&who.signing(), "iam", "2010-05-08", action, fields).await
    }

    /// Asks STS as somebody.
    pub async fn sts_as(
        &self,
        who: &Login,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Result<String, Refusal> {
        self.query(&who.signing(), "sts", "2011-06-15", action, fields).await
    }

    async fn query(
        &self,
        credentials: &SigningCredentials<'_>,
        service: &str,
        version: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Result<String, Refusal> {
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in fields {
            body += &format!("&{name}={}", escaped(value));
        }
        let address = self.server().address;
        let request = Request::post(format!("http://{address}/"))
            .header(header::HOST, address.to_string())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
            .body(())
            .expect("a request");
        let (mut parts, ()) = request.into_parts();
        sign(&mut parts, body.as_bytes(), credentials, REGION, service, self.clock.now()).expect("it signs");
        let (status, _, answer) = self.exchange(parts, body.into_bytes()).await;
        let answer = String::from_utf8(answer.to_vec()).expect("XML is UTF-8");
        if status == 200 {
            return Ok(answer);
        }
        let text = |name: &str| element(&answer, name).unwrap_or_default();
        Err(Refusal { status, code: text("Code"), message: text("Message") })
    }
}

impl Login {
    fn signing(&self) -> SigningCredentials<'_> {
        SigningCredentials {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: self.token.as_ref(),
        }
    }
}
