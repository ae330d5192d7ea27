//! What the `params` of a request say, as far as something is decided by it.

use crate::message::Request;
use json::Node;

/// `-32602`: well-formed JSON-RPC whose parameters nobody could act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub &'static str);

pub const INVALID_PARAMS: i32 = -32602;

#[derive(Debug, Clone, Copy)]
pub struct ToolCall<'d> {
    pub name: &'d str,
    pub arguments: Option<&'d Node<'d>>,
}

const PROGRESS_TOKEN: &str = "progressToken";

impl<'d> Request<'d> {
    /// The tool a `tools/call` names. That its arguments are an object is the policy's second step, so it is asked there.
    pub fn tool_call(&self) -> Result<ToolCall<'d>, Invalid> {
        let params = self
            .object_params()?
            .ok_or(Invalid("a call names its tool in `params.name`"))?;
        let name = params
            .get("name")
            .and_then(Node::as_str)
            .ok_or(Invalid("`params.name` is not a string"))?;
        Ok(ToolCall {
            name,
            arguments: params.get("arguments"),
        })
    }

    /// `params`, if there are any. `null` says no more than silence does.
    pub fn object_params(&self) -> Result<Option<&'d Node<'d>>, Invalid> {
        match self.params {
            None => Ok(None),
            Some(params) if params.is_null() => Ok(None),
            Some(params) if params.as_object().is_some() => match params.get("_meta") {
                Some(meta) if meta.as_object().is_none() => {
                    Err(Invalid("`params._meta` is not an object"))
                }
                _ => Ok(Some(params)),
            },
            Some(_) => Err(Invalid("`params` is not an object")),
        }
    }

    pub fn param(&self, key: &str) -> Option<&'d Node<'d>> {
        self.params?.get(key)
    }

    pub fn meta(&self, key: &str) -> Option<&'d Node<'d>> {
        self.param("_meta")?.get(key)
    }

    pub fn progress_token(&self) -> Option<&'d Node<'d>> {
        self.meta(PROGRESS_TOKEN)
    }

    /// Whether the client says that it opens addresses for its person: of the handshake, or of each request.
    pub fn opens_urls(&self) -> bool {
        let capabilities = self
            .meta("io.modelcontextprotocol/clientCapabilities")
            .or_else(|| self.param("capabilities"));
        capabilities
            .and_then(|capabilities| capabilities.get("elicitation")?.get("url"))
            .is_some_and(|url| url.as_object().is_some())
    }

    /// What the client says of itself, which is no ground for trust: (name, version).
    pub fn client_info(&self) -> (Option<&'d str>, Option<&'d str>) {
        let info = self
            .meta("io.modelcontextprotocol/clientInfo")
            .or_else(|| self.param("clientInfo"));
        let text = |key| info.and_then(|info| info.get(key)).and_then(Node::as_str);
        (text("name"), text("version"))
    }
}
