//! The shipper's way to the control plane.

use std::sync::Arc;
use std::time::Duration;

use bundle::record::Stored;
use http::header::{CONTENT_TYPE, RETRY_AFTER};

use super::ship::{Post, ShipError};
use crate::bundles::ControlPlane;

/// The answer is three numbers.
const LARGEST_ANSWER: usize = 4 * 1024;

/// Posts batches over this line.
pub fn over(line: ControlPlane) -> Post {
    Arc::new(move |body| {
        let request = line
            .post("v1/gateway/records")
            .map(|request| request.header(CONTENT_TYPE, "application/json").body(body));
        Box::pin(async move {
            let request = request.map_err(|error| ShipError::Unreachable(error.to_string()))?;
            let unreachable =
                |error: reqwest::Error| ShipError::Unreachable(error.without_url().to_string());
            let mut response = request.send().await.map_err(unreachable)?;
            if !response.status().is_success() {
                let retry_after = response
                    .headers()
                    .get(RETRY_AFTER)
                    .and_then(|value| value.to_str().ok()?.parse().ok());
                let status = response.status().as_u16();
                return Err(ShipError::Status {
                    status,
                    retry_after: retry_after.map(Duration::from_secs),
                });
            }
            let mut answer = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
                if answer.len() + chunk.len() > LARGEST_ANSWER {
                    return Err(ShipError::Answer);
                }
                answer.extend_from_slice(&chunk);
            }
            serde_json::from_slice::<Stored>(&answer).map_err(|_| ShipError::Answer)
        })
    })
}

#[cfg(test)]
mod tests;
