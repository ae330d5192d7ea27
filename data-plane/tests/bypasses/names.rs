//! Names that look like others.

use super::with;
use crate::world::session::RESULT;

/// Each is unknown here; and were the server to take it for another, it would never hear of it.
#[tokio::test]
async fn a_name_that_only_looks_like_a_tools_name_is_no_tools_name() {
    let policy = r#"{"version":"1","default":"allow","tools":{"drop":{"action":"deny"}}}"#;
    let world = with(policy).await;
    let names = "Drop,DROP,dRop,drop , drop,drop\\u0000,drop\\n,drop\\t,dr\u{200b}op,\u{feff}drop,drop\u{200d},\
        dr\u{ad}op,\u{202e}pord,\u{ff44}rop,\u{ff44}\u{ff52}\u{ff4f}\u{ff50},dr\u{3bf}p,dr\u{43e}p,drop\u{301},\
        \u{217e}rop,drop/,./drop,drop%20,d%72op,drop;,drop\\u200b,cafe\u{301},CAF\u{c9},";
    for name in names.split(',') {
        let answer = world.call(name, "{}").await;
        let code = &answer.json()["error"]["code"];
        assert_eq!(code, -32602, "`{name}`: {}", answer.body);
    }
    let said = world.call("dr\\u006fp", "{}").await;
    assert!(said.body.contains("[POLICY DENIED]"), "{}", said.body);
    assert_eq!(world.calls(), Vec::<String>::new());
    for name in ["caf\u{e9}", "caf\\u00e9", "\\u0063af\\u00E9"] {
        assert_eq!(world.call(name, "{}").await.body, RESULT);
    }
}
