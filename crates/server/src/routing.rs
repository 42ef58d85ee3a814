//! Which operation a request names.
//!
//! AWS JSON names it in the header `X-Amz-Target`. A form (the query protocol) names it in its fields `Action` and
//! `Version`, and its service by the scope of its signature; so a form is read, and its signature found good,
//! before it is asked what it wants.
//!
//! Invariants
//! - A form stands in the body or in the URL, never in both: no two readers can see two requests in one.
//! - What names an operation is covered by the signature, but for the operations that have none.
//!
//! Not here: credentials and bodies (door), what a form's fields mean (aws::query).

use crate::registry::{Entry, Registry, STS, Served};
use crate::wire;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use keywright_aws::sigv4::{AuthFailure, Presented};
use keywright_aws::{ServiceModel, WireError, kms, query};

/// Where a request goes, by its head.
pub(crate) enum Route<'r> {
    /// A header names the operation.
    Operation(&'r Entry),
    /// A form of this service names it; `in_url` are the fields that stand in the URL.
    Form { served: &'static Served, in_url: String },
    /// A form that nobody signed.
    Unsigned,
}

/// A request that goes nowhere, and the service whose protocol says so.
pub(crate) struct Misdirected {
    pub(crate) service: &'static ServiceModel,
    pub(crate) fault: WireError,
}

impl Misdirected {
    /// Nothing says which service was meant: KMS's protocol answers.
    fn unknown(code: &'static str, status: u16, message: Option<&'static str>) -> Self {
        Self { service: &kms::SERVICE, fault: WireError::new(code, status, message.map(Into::into)) }
    }

    fn form(fault: WireError) -> Self {
        Self { service: STS.model, fault }
    }
}

/// The way of a request, of which only the head was read.
pub(crate) fn route<'r>(registry: &'r Registry, parts: &Parts) -> Result<Route<'r>, Misdirected> {
    let unknown = || Misdirected::unknown("UnknownOperationException", 400, None);
    if parts.uri.path() != "/" {
        return Err(Misdirected::unknown("UnknownOperationException", 404, None));
    }
    let in_url = parts.uri.query().is_some_and(|query| !query.is_empty());
    let post = parts.method == Method::POST;
    if post && parts.headers.contains_key("x-amz-target") {
        let target = single(&parts.headers, "x-amz-target").ok_or_else(unknown)?;
        return registry.find(target).map(Route::Operation).ok_or_else(unknown);
    }
    let typed = parts.headers.contains_key(header::CONTENT_TYPE);
    if (post && (is_form(&parts.headers) || (in_url && !typed))) || (parts.method == Method::GET && in_url) {
        return form(registry, parts);
    }
    Err(if !post {
        Misdirected::unknown("MethodNotAllowedException", 405, Some("Requests are POST."))
    } else if parts.headers.contains_key(header::AUTHORIZATION) {
        unknown()
    } else {
        let fault = wire::refusal(&kms::SERVICE, &AuthFailure::Missing);
        Misdirected { service: &kms::SERVICE, fault }
    })
}

/// The way of a form: its service is the one that it was signed for.
fn form<'r>(registry: &'r Registry, parts: &Parts) -> Result<Route<'r>, Misdirected> {
    let presented = match Presented::parse(parts) {
        Ok(presented) => presented,
        Err(AuthFailure::Missing) if parts.method == Method::POST && parts.uri.query().is_none() => {
            return Ok(Route::Unsigned);
        }
        Err(fault) => return Err(Misdirected::form(wire::refusal(STS.model, &fault))),
    };
    let served = registry
        .query_service(presented.service())
        .ok_or_else(|| Misdirected::unknown("UnknownOperationException", 400, None))?;
    let in_url = query::fields_of_url(parts.uri.query().unwrap_or_default())
        .map_err(|fault| Misdirected::form(fault.into()))?;
    Ok(Route::Form { served, in_url })
}

/// The operation that a signed form names. Fields that stood in the URL become the body.
pub(crate) fn by_form<'r>(
    registry: &'r Registry,
    served: &'static Served,
    in_url: String,
    body: &mut Vec<u8>,
) -> Result<&'r Entry, WireError> {
    let refused = |text: &'static str| Err(WireError::new("InvalidQueryParameter", 400, Some(text.into())));
    if !in_url.is_empty() {
        if !served.fields_in_url {
            return refused("The parameters of this service stand in the body of a POST request.");
        }
        if !body.is_empty() {
            return refused("Parameters stand in the body or in the query string, not in both.");
        }
        *body = in_url.into_bytes();
    }
    let request = query::parse(wire::form(body)?)?;
    let (action, version) = named(&request)?;
    registry
        .find_action(served.model, action)
        .filter(|_| version == Some(served.model.api_version))
        .ok_or_else(|| unknown_action(action, version))
}

/// The operation that a form without a signature names; only few may come so.
pub(crate) fn by_unsigned_form<'r>(registry: &'r Registry, body: &[u8]) -> Result<&'r Entry, WireError> {
    let missing = || wire::refusal(STS.model, &AuthFailure::Missing);
    let request = query::parse(wire::form(body)?)?;
    let (action, version) = named(&request).map_err(|_| missing())?;
    let entry = registry.find_unsigned(action).ok_or_else(missing)?;
    if version == Some(entry.served.model.api_version) {
        Ok(entry)
    } else {
        Err(unknown_action(action, version))
    }
}

/// `Action` and `Version`. Code: IAM API Reference, "Common Errors", which gives MissingAction no text.
fn named<'a>(request: &'a query::QueryRequest<'_>) -> Result<(&'a str, Option<&'a str>), WireError> {
    let text =
        |field: &'a Option<keywright_aws::document::Text<'_>>| field.as_ref().map(|text| text.as_str());
    let action = text(&request.action).filter(|action| !action.is_empty());
    let action = action.ok_or_else(|| WireError::new("MissingAction", 400, Some("Missing Action".into())))?;
    Ok((action, text(&request.version)))
}

/// AWS's text, as recorded from SES and STS (github.com/aws/aws-cli/issues/37). Names are repeated only where they
/// could be names.
fn unknown_action(action: &str, version: Option<&str>) -> WireError {
    fn shown(text: &str) -> &str {
        let like_a_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if text.len() <= 64 && text.bytes().all(like_a_name) { text } else { "(not a name)" }
    }
    let version = version.map_or("NO_VERSION_SPECIFIED", shown);
    let text = format!("Could not find operation {} for version {version}", shown(action));
    WireError::new("InvalidAction", 400, Some(text.into()))
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = single(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The one value of a header that must not be repeated; none if it is absent, repeated or not text.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::{Route, by_form, by_unsigned_form, route};
    use crate::registry::{Registry, Served};
    use http::Request;
    use http::request::Parts;

    const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

    fn served(registry: &Registry, name: &str) -> &'static Served {
        registry.query_service(name).expect(name)
    }

    /// The operation, or code and text of the refusal.
    fn named(service: &str, in_url: &str, body: &str) -> Result<&'static str, (&'static str, String)> {
        let registry = Registry::new();
        let mut body = body.as_bytes().to_vec();
        by_form(&registry, served(&registry, service), in_url.to_owned(), &mut body)
            .map(|entry| entry.operation.name)
            .map_err(|fault| (fault.code, fault.message.unwrap_or_default().into_owned()))
    }

    #[test]
    fn forms_name_operations() {
        let check = |service, in_url, body, wanted| assert_eq!(named(service, in_url, body), Ok(wanted));
        check("iam", "", "Action=CreateUser&Version=2010-05-08&UserName=a", "CreateUser");
        check("sts", "", "Version=2011-06-15&Action=GetCallerIdentity", "GetCallerIdentity");
        check("sts", "Action=GetCallerIdentity&Version=2011-06-15", "", "GetCallerIdentity");
        // Known, though nobody can call it.
        check("iam", "", "Action=CreateSAMLProvider&Version=2010-05-08", "CreateSAMLProvider");
    }

    #[test]
    fn forms_that_name_none_are_refused() {
        let check = |service, in_url, body, code, text: &str| {
            let (found, message) = named(service, in_url, body).expect_err(body);
            assert_eq!((found, message.as_str()), (code, text), "{in_url} {body}");
        };
        let unknown =
            |action: &str, version: &str| format!("Could not find operation {action} for version {version}");
        check("iam", "", "", "MissingAction", "Missing Action");
        check("iam", "", "Action=&Version=2010-05-08", "MissingAction", "Missing Action");
        check("iam", "", "action=GetUser&Version=2010-05-08", "MissingAction", "Missing Action");
        check("iam", "", "Action=Nope&Version=2010-05-08", "InvalidAction", &unknown("Nope", "2010-05-08"));
        check(
            "iam",
            "",
            "Action=getUser&Version=2010-05-08",
            "InvalidAction",
            &unknown("getUser", "2010-05-08"),
        );
        check(
            "iam",
            "",
            "Action=GetUser&Version=2011-06-15",
            "InvalidAction",
            &unknown("GetUser", "2011-06-15"),
        );
        check("iam", "", "Action=GetUser", "InvalidAction", &unknown("GetUser", "NO_VERSION_SPECIFIED"));
        // One service's operation is not another's.
        check(
            "sts",
            "",
            "Action=GetUser&Version=2011-06-15",
            "InvalidAction",
            &unknown("GetUser", "2011-06-15"),
        );
        check(
            "iam",
            "",
            "Action=a%0Ab&Version=2010-05-08",
            "InvalidAction",
            &unknown("(not a name)", "2010-05-08"),
        );
        let twice = "The request has the same member twice.";
        for body in [
            "Action=GetUser&Action=GetUser&Version=2010-05-08",
            "Action=GetUser&action=DeleteUser&Version=2010-05-08",
            "Action=GetUser&Version=2010-05-08&version=2010-05-08",
            "Action=GetUser&Version=2010-05-08&UserName=a&userName=b",
        ] {
            check("iam", "", body, "SerializationException", twice);
        }
        check(
            "sts",
            "Action=GetCallerIdentity&Version=2011-06-15",
            "Action=GetSessionToken&Version=2011-06-15",
            "InvalidQueryParameter",
            "Parameters stand in the body or in the query string, not in both.",
        );
        check(
            "iam",
            "Action=GetUser&Version=2010-05-08",
            "",
            "InvalidQueryParameter",
            "The parameters of this service stand in the body of a POST request.",
        );
        let registry = Registry::new();
        let mut bytes = vec![b'A', 0xff];
        assert!(by_form(&registry, served(&registry, "iam"), String::new(), &mut bytes).is_err());
    }

    #[test]
    fn few_operations_come_unsigned() {
        let registry = Registry::new();
        let check = |form: &str, wanted: Result<&str, &str>| {
            let found = by_unsigned_form(&registry, form.as_bytes());
            assert_eq!(found.map(|entry| entry.operation.name).map_err(|fault| fault.code), wanted, "{form}");
        };
        check("Action=AssumeRoleWithWebIdentity&Version=2011-06-15", Ok("AssumeRoleWithWebIdentity"));
        check("Action=AssumeRoleWithWebIdentity&Version=2010-05-08", Err("InvalidAction"));
        check("Action=GetCallerIdentity&Version=2011-06-15", Err("MissingAuthenticationToken"));
        check("Action=CreateUser&Version=2010-05-08", Err("MissingAuthenticationToken"));
        check("Nothing=1", Err("MissingAuthenticationToken"));
        check("", Err("MissingAuthenticationToken"));
    }

    fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    /// `target:…`, `form:…`, `unsigned`, or the protocol's service, status and code of the refusal.
    fn way(method: &str, uri: &str, headers: &[(&str, &str)]) -> String {
        let registry = Registry::new();
        match route(&registry, &head(method, uri, headers)) {
            Ok(Route::Operation(entry)) => format!("target:{}", entry.operation.name),
            Ok(Route::Form { served, in_url }) => format!("form:{}:{in_url}", served.model.name),
            Ok(Route::Unsigned) => "unsigned".to_owned(),
            Err(refusal) => {
                format!("{} {} {}", refusal.service.name, refusal.fault.status, refusal.fault.code)
            }
        }
    }

    #[test]
    fn heads_say_the_way() {
        let signed = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIATESTROOTKEY00001/20260101/eu-central-1/{service}/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature={}",
                "0".repeat(64)
            )
        };
        let (iam, sts, s3) = (signed("iam"), signed("sts"), signed("s3"));
        let date = ("x-amz-date", "20260101T000000Z");
        let form = ("content-type", FORM);
        let json = ("content-type", "application/x-amz-json-1.1");
        let check = |method: &str, uri: &str, headers: &[(&str, &str)], wanted: &str| {
            assert_eq!(way(method, uri, headers), wanted, "{method} {uri} {headers:?}");
        };
        check("POST", "/", &[json, ("x-amz-target", "TrentService.Encrypt")], "target:Encrypt");
        check("POST", "/", &[form, ("x-amz-target", "TrentService.Encrypt")], "target:Encrypt");
        check("POST", "/", &[json, ("x-amz-target", ".CreateUser")], "kms 400 UnknownOperationException");
        check(
            "POST",
            "/",
            &[("x-amz-target", "TrentService.Encrypt"), ("x-amz-target", "TrentService.Decrypt")],
            "kms 400 UnknownOperationException",
        );
        check("POST", "/", &[form, date, ("authorization", &iam)], "form:iam:");
        check("GET", "/?Action=A&Version=V", &[date, ("authorization", &sts)], "form:sts:Action=A&Version=V");
        check("POST", "/?Action=A", &[date, ("authorization", &sts)], "form:sts:Action=A");
        check("POST", "/", &[form, date, ("authorization", &s3)], "kms 400 UnknownOperationException");
        check("POST", "/", &[form], "unsigned");
        check("POST", "/?Action=A", &[form], "sts 403 MissingAuthenticationToken");
        check("GET", "/?Action=A", &[], "sts 403 MissingAuthenticationToken");
        check("POST", "/", &[form, ("authorization", "Basic abc")], "sts 400 IncompleteSignature");
        // Credentials in both places.
        check(
            "GET",
            "/?Action=A&X-Amz-Signature=s",
            &[date, ("authorization", &sts)],
            "sts 400 IncompleteSignature",
        );
        check("POST", "/", &[json], "kms 400 MissingAuthenticationTokenException");
        check("POST", "/", &[json, date, ("authorization", &iam)], "kms 400 UnknownOperationException");
        check("GET", "/", &[], "kms 405 MethodNotAllowedException");
        check("DELETE", "/?Action=A", &[], "kms 405 MethodNotAllowedException");
        check("POST", "/x", &[form], "kms 404 UnknownOperationException");
    }
}
