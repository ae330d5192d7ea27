//! Forms: how they are read, and what is said beside a field that was filled in wrongly.

use crate::problem::{Fault, Kind, Problem};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime, Time};

/// The fields of a form. A field that is missing altogether is no mistake of a person's.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Problem::new(Kind::TooLarge, rejection.body_text()))?;
        serde_html_form::from_bytes(&bytes)
            .map(Self)
            .map_err(|error| {
                Problem::new(
                    Kind::BadRequest,
                    format!("the form cannot be read: {error}"),
                )
            })
    }
}

/// What is wrong with a form: beside its fields, and above it.
#[derive(Debug, Default)]
pub struct Trouble {
    message: Option<String>,
    faults: Vec<Fault>,
}

impl Trouble {
    /// What a person can mend is said in the form; everything else is a page of its own.
    pub fn of(problem: Problem) -> Result<(StatusCode, Self), Problem> {
        match problem.kind {
            Kind::Invalid
            | Kind::Conflict
            | Kind::StaleVersion
            | Kind::TooManyRequests
            | Kind::Upstream => Ok((
                problem.kind.status(),
                Self {
                    message: problem.errors.is_empty().then_some(problem.detail),
                    faults: problem.errors,
                },
            )),
            _ => Err(problem),
        }
    }

    /// Said above the form, whatever it is.
    pub fn above(problem: Problem) -> (StatusCode, Self) {
        let trouble = Self {
            message: Some(problem.detail),
            faults: problem.errors,
        };
        (problem.kind.status(), trouble)
    }

    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What is wrong with the field at this place of the command.
    pub fn at(&self, pointer: &str) -> Option<&str> {
        let fault = self.faults.iter().find(|fault| fault.pointer == pointer)?;
        Some(&fault.detail)
    }

    /// What is wrong where the form has no field.
    pub fn elsewhere<'a>(&'a self, fields: &'a [&str]) -> impl Iterator<Item = &'a Fault> {
        self.faults
            .iter()
            .filter(|fault| !fields.contains(&fault.pointer.as_str()))
    }
}

/// `2026-12-31` → the last second of that day.
pub fn end_of_day(text: &str) -> Result<Option<OffsetDateTime>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = Date::parse(text, &Iso8601::DATE)
        .map_err(|_| Problem::invalid("/expires_at", "expected a day as 2026-12-31"))?;
    let last = Time::from_hms(23, 59, 59).unwrap_or(Time::MIDNIGHT);
    Ok(Some(day.with_time(last).assume_utc()))
}
