use super::*;
use http_body_util::BodyExt;

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.into()).unwrap()
}

fn judged(retry_after_ms: Option<u64>) -> Box<Judged> {
    let decision = Decision {
        call: "call_1".into(),
        verdict: "limit",
        rule: "/all_tools/limits/x".into(),
        retry_after_ms,
        ..Decision::default()
    };
    Box::new(Judged {
        decision,
        message: "[RATE LIMITED] x".into(),
    })
}

#[tokio::test]
async fn a_stranger_learns_that_a_token_is_needed_and_where_to_ask() {
    let metadata = "http://g/.well-known/oauth-protected-resource/a/b/mcp".to_owned();
    let response = Refusal::NoToken {
        metadata: metadata.clone(),
    }
    .answer(Toward::default());
    assert_eq!(response.status(), 401);
    assert_eq!(
        response.headers()["www-authenticate"],
        format!("Bearer resource_metadata=\"{metadata}\"")
    );
    assert_eq!(
        text(response).await,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":1000,"message":"a grant token is needed"}}"#
    );
    let response = Refusal::BadToken { metadata }.answer(Toward::default());
    assert!(
        response.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .contains("error=\"invalid_token\"")
    );
}

#[test]
fn the_status_of_a_refused_method_depends_on_the_era() {
    let status = |refusal: &Refusal, is_modern| {
        refusal
            .answer(Toward {
                id: Some("1"),
                is_modern,
            })
            .status()
            .as_u16()
    };
    let over = Refusal::MethodLimit(judged(Some(1500)));
    for (refusal, legacy, modern) in [
        (&Refusal::UnknownMethod, 200, 404),
        (&Refusal::Method(judged(None)), 200, 403),
        (&over, 200, 429),
        (&Refusal::Call(judged(None)), 200, 200),
        (&Refusal::UnknownTool { name: "x".into() }, 200, 200),
        (&Refusal::InvalidParams("x"), 200, 200),
        (&Refusal::Stale, 503, 503),
    ] {
        assert_eq!(status(refusal, false), legacy, "{refusal:?}");
        assert_eq!(status(refusal, true), modern, "{refusal:?}");
    }
    assert_eq!(over.answer(Toward::default()).headers()["retry-after"], "2");
}

#[tokio::test]
async fn trouble_names_the_server_and_not_its_address() {
    let server = "Refunds".to_owned();
    for (trouble, status) in [
        (Trouble::Unreachable, 502),
        (Trouble::Slow, 504),
        (Trouble::Broken, 502),
        (Trouble::Garbage, 502),
        (Trouble::TooLarge, 502),
        (Trouble::Unusable, 502),
        (Trouble::Resting { seconds: 3 }, 502),
        (Trouble::Status(503), 503),
        (Trouble::Status(302), 502),
    ] {
        let response = Refusal::Upstream {
            server: server.clone(),
            trouble,
        }
        .answer(Toward {
            id: Some("\"a\""),
            is_modern: false,
        });
        assert_eq!(response.status().as_u16(), status, "{trouble:?}");
        let body = text(response).await;
        assert!(
            body.contains("`Refunds`")
                && body.contains(r#""id":"a""#)
                && body.contains(r#""code":1001"#),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_credential_that_is_refused_is_a_tools_error_and_never_our_401() {
    let of = |is_call| {
        Refusal::UpstreamAuth {
            server: "s".into(),
            is_call,
            page: Some("https://dash.example/acme/servers/s".into()),
        }
        .answer(Toward {
            id: Some("1"),
            is_modern: false,
        })
    };
    assert_eq!(of(true).status(), 200);
    assert!(text(of(true)).await.contains(r#""isError":true"#));
    for answer in [of(true), of(false)] {
        let said = text(answer).await;
        assert!(
            said.contains("https://dash.example/acme/servers/s"),
            "{said}"
        );
    }
    assert_eq!(of(false).status(), 502);
    assert!(!of(false).headers().contains_key("www-authenticate"));
}
