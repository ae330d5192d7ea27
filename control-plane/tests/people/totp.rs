//! Codes as a second factor.

use crate::world::{Answer, PASSWORD, Who, World, signed_in};
use axum::http::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The code of this moment, as an authenticator of somebody else's making computes it: Python's own `hmac`.
pub fn code(enrolled: &Value, world: &World) -> String {
    let script = "import base64, hmac, struct, sys
secret, at = sys.stdin.read().split()
mac = hmac.new(base64.b32decode(secret), struct.pack('>Q', int(at) // 30), 'sha1').digest()
word = struct.unpack('>I', mac[mac[19] & 15:][:4])[0] & 0x7fffffff
print('%06d' % (word % 1000000))";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let secret = enrolled["secret"].as_str().unwrap();
    let at = world.app.now().time().unix_timestamp();
    let mut stdin = python.stdin.take().unwrap();
    writeln!(stdin, "{secret} {at}").unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn post(world: &World, who: &Who, path: &str) -> Answer {
    world.send(who, Method::POST, path, None).await
}

/// Someone who is asked for codes: their session, what their app knows, and their recovery codes.
async fn enrolled(world: &World) -> (Who, Value, Vec<String>) {
    let ann = world.owner("acme").await;
    let enrolled = post(world, &ann, "/v1/me/totp").await.expect(201);
    let first = json!({ "code": code(&enrolled, world) });
    let confirmed = world
        .post(&ann, "/v1/me/totp/confirm", first)
        .await
        .expect(200);
    let codes = confirmed["recovery_codes"].as_array().unwrap();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
    let codes = codes.collect();
    world.clock.advance(Duration::from_secs(30));
    (ann, enrolled, codes)
}

async fn challenge(world: &World) -> String {
    let body = json!({ "email": "person-0@example.com", "password": PASSWORD });
    let answer = world.post(&Who::default(), "/v1/login", body).await;
    assert!(!answer.headers.contains_key("set-cookie"));
    let challenge = answer.expect(202);
    challenge["challenge"].as_str().unwrap().to_owned()
}

async fn bring(world: &World, challenge: &str, code: &str) -> Answer {
    let body = json!({ "challenge": challenge, "code": code });
    world.post(&Who::default(), "/v1/login/code", body).await
}

#[tokio::test]
async fn who_asks_for_codes_signs_in_with_one_and_with_each_once() {
    let world = World::new().await;
    let (_, app, _) = enrolled(&world).await;
    let first = challenge(&world).await;
    bring(&world, &first, "000000").await.expect(401);
    let now = code(&app, &world);
    let ann = signed_in(bring(&world, &first, &now).await, 200);
    let me = world.get(&ann, "/v1/me").await.expect(200);
    assert_eq!(me["user"]["has_second_factor"], true);
    // Neither the challenge nor the code is good again.
    bring(&world, &first, &now).await.expect(401);
    let second = challenge(&world).await;
    bring(&world, &second, &now).await.expect(401);
    world.clock.advance(Duration::from_secs(30));
    bring(&world, &second, &code(&app, &world))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_right_password_waits_five_minutes_for_its_code() {
    let world = World::new().await;
    let (_, app, _) = enrolled(&world).await;
    let late = challenge(&world).await;
    world.clock.advance(Duration::from_mins(5));
    bring(&world, &late, &code(&app, &world)).await.expect(401);
}

#[tokio::test]
async fn a_recovery_code_opens_the_account_once() {
    let world = World::new().await;
    let (ann, _, codes) = enrolled(&world).await;
    assert_eq!(codes.len(), 10);
    let first = challenge(&world).await;
    let typed = codes[0].to_uppercase().replace('-', " ");
    bring(&world, &first, &typed).await.expect(200);
    let second = challenge(&world).await;
    bring(&world, &second, &codes[0]).await.expect(401);
    bring(&world, &second, &codes[1]).await.expect(200);
    // Fresh ones take the place of all of them.
    let fresh = post(&world, &ann, "/v1/me/totp/recovery-codes")
        .await
        .expect(201);
    let third = challenge(&world).await;
    bring(&world, &third, &codes[2]).await.expect(401);
    let fresh = fresh["recovery_codes"][0].as_str().unwrap();
    bring(&world, &third, fresh).await.expect(200);
}

#[tokio::test]
async fn five_wrong_codes_and_a_right_one_waits() {
    let world = World::new().await;
    let (_, app, _) = enrolled(&world).await;
    for _ in 0..5 {
        bring(&world, &challenge(&world).await, "000000")
            .await
            .expect(401);
    }
    let waiting = challenge(&world).await;
    bring(&world, &waiting, &code(&app, &world))
        .await
        .expect(429);
}

#[tokio::test]
async fn an_account_that_asks_for_codes_proves_itself_with_one() {
    let world = World::new().await;
    let (ann, app, _) = enrolled(&world).await;
    world.clock.advance(Duration::from_mins(16));
    let key = json!({ "name": "ci", "role": "viewer" });
    world
        .post(&ann, "/v1/orgs/acme/api-keys", key.clone())
        .await
        .expect(403);
    let by_password = json!({ "password": PASSWORD });
    let problem = world
        .post(&ann, "/v1/step-up", by_password)
        .await
        .expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/code");
    let by_code = json!({ "code": code(&app, &world) });
    let ann = signed_in(world.post(&ann, "/v1/step-up", by_code).await, 200);
    world
        .post(&ann, "/v1/orgs/acme/api-keys", key)
        .await
        .expect(201);
}

#[tokio::test]
async fn codes_are_turned_off_by_who_proves_themselves_and_the_owner_is_told() {
    let world = World::new().await;
    let (ann, app, codes) = enrolled(&world).await;
    world.clock.advance(Duration::from_mins(16));
    world.delete(&ann, "/v1/me/totp").await.expect(403);
    let by_code = json!({ "code": code(&app, &world) });
    let ann = signed_in(world.post(&ann, "/v1/step-up", by_code).await, 200);
    post(&world, &ann, "/v1/me/totp").await.expect(409);
    world.delete(&ann, "/v1/me/totp").await.expect(204);
    world.delete(&ann, "/v1/me/totp").await.expect(409);
    assert_eq!(
        world.mails().await[0].text.subject,
        "Codes are no longer asked for"
    );
    let body = json!({ "email": "person-0@example.com", "password": PASSWORD });
    world
        .post(&Who::default(), "/v1/login", body)
        .await
        .expect(200);
    // Turned on again, the codes of before are good for nothing.
    let enrolled = post(&world, &ann, "/v1/me/totp").await.expect(201);
    let first = json!({ "code": code(&enrolled, &world) });
    world
        .post(&ann, "/v1/me/totp/confirm", first)
        .await
        .expect(200);
    bring(&world, &challenge(&world).await, &codes[1])
        .await
        .expect(401);
}
