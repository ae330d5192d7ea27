//! What each mail says.

use super::{Mail, Text};
use ids::{ApprovalId, WebhookId};
use url::Url;

/// The reasons why anybody gets mail from here. Links begin with the instance's own address.
#[derive(Debug, Clone, Copy)]
pub enum Letter<'a> {
    Confirm {
        ticket: &'a str,
    },
    Reset {
        ticket: &'a str,
    },
    Invitation {
        org: &'a str,
        by: &'a str,
        role: &'a str,
        ticket: &'a str,
    },
    PasswordChanged,
    SecondFactorOff,
    SignInLinked {
        provider: &'a str,
    },
    /// Nothing of what a call says: an agent wrote that.
    CallsWait {
        org: &'a str,
        grant: &'a str,
        waiting: i64,
        newest: ApprovalId,
    },
    CallStillWaits {
        org: &'a str,
        grant: &'a str,
        approval: ApprovalId,
    },
    /// Nothing of what the receiver answered: a stranger wrote that.
    WebhookOff {
        org: &'a str,
        webhook: WebhookId,
    },
    SignInRemoved {
        provider: &'a str,
    },
    AccountDeleted,
}

impl Letter<'_> {
    pub fn to(self, address: &str, site: &Url) -> Mail {
        Mail {
            to: address.to_owned(),
            text: self.text(site),
            hold: None,
        }
    }

    #[expect(clippy::too_many_lines, reason = "an arm for every letter")]
    fn text(self, site: &Url) -> Text {
        let link = |path: &str, ticket: &str| {
            format!("{}/{path}/{ticket}", site.as_str().trim_end_matches('/'))
        };
        let host = site.host_str().unwrap_or("Portcullis");
        let (subject, body) = match self {
            Self::Confirm { ticket } => (
                "Confirm your address".to_owned(),
                format!(
                    "Someone signed up at {host} with this address. If it was you, confirm it here:\n\n\
                    {}\n\n\
                    The link works once, for 24 hours. If it was not you, there is nothing to do.\n",
                    link("verify", ticket)
                ),
            ),
            Self::Reset { ticket } => (
                "Choose a new password".to_owned(),
                format!(
                    "Someone asked for a new password for the account of this address at {host}. Choose one here:\n\n\
                    {}\n\n\
                    The link works once, for an hour. If it was not you, there is nothing to do: your password is as \
                    it was.\n",
                    link("forgot", ticket)
                ),
            ),
            Self::Invitation {
                org,
                by,
                role,
                ticket,
            } => (
                format!("{by} invites you to {org}"),
                format!(
                    "{by} invites you to the organisation \"{org}\" at {host}, as {role}. Accept it here:\n\n\
                    {}\n\n\
                    The link works once, for seven days, and for this address alone. If you do not know who that is, \
                    there is nothing to do.\n",
                    link("invitations", ticket)
                ),
            ),
            Self::PasswordChanged => (
                "Your password was changed".to_owned(),
                format!(
                    "The password of your account at {host} was changed, and all other sessions were ended.\n\n\
                    If it was not you, choose a new one at once:\n\n{}\n",
                    link("forgot", "").trim_end_matches('/')
                ),
            ),
            Self::SecondFactorOff => (
                "Codes are no longer asked for".to_owned(),
                format!(
                    "Signing in to your account at {host} no longer asks for a code.\n\n\
                    If it was not you, choose a new password at once, then turn codes on again:\n\n{}\n",
                    link("forgot", "").trim_end_matches('/')
                ),
            ),
            Self::SignInLinked { provider } => (
                format!("{provider} opens your account now"),
                format!(
                    "Your account at {host} was opened by signing in with {provider}, and can be from now on.\n\n\
                    If it was not you, choose a new password at once:\n\n{}\n",
                    link("forgot", "").trim_end_matches('/')
                ),
            ),
            Self::CallsWait {
                org,
                grant,
                waiting,
                newest,
            } => {
                let (subject, calls, link) = if waiting == 1 {
                    let path = format!("{org}/approvals");
                    let link = link(&path, &newest.to_string());
                    (
                        "A call waits for a decision".to_owned(),
                        "A call".to_owned(),
                        link,
                    )
                } else {
                    let (subject, calls) = (
                        format!("{waiting} calls wait for a decision"),
                        format!("{waiting} calls"),
                    );
                    (subject, calls, link(org, "approvals"))
                };
                let mails = format!("{}/account#mails", site.as_str().trim_end_matches('/'));
                let body = format!(
                    "{calls} of the grant \"{grant}\" in {org} at {host} cannot go on before a person has agreed. Look at \
                    it here, and decide:\n\n\
                    {link}\n\n\
                    Following the link decides nothing. For ten minutes, or until somebody has decided, there is no other \
                    mail about this grant. If you want none at all: {mails}\n"
                );
                (subject, body)
            }
            Self::CallStillWaits {
                org,
                grant,
                approval,
            } => (
                "A call still waits for a decision".to_owned(),
                format!(
                    "A call of the grant \"{grant}\" in {org} at {host} waits, and nobody has decided it. Look at it here, and \
                    decide:\n\n\
                    {}\n\n\
                    Following the link decides nothing. If you want no such mails: {}\n",
                    link(&format!("{org}/approvals"), &approval.to_string()),
                    link("account#mails", "").trim_end_matches('/')
                ),
            ),
            Self::WebhookOff { org, webhook } => (
                format!("A webhook of {org} was switched off"),
                format!(
                    "For a day a webhook of {org} at {host} took nothing that was sent to it, and was switched off. What it \
                    answered, what waits, and how to switch it on again:\n\n\
                    {}\n",
                    link(&format!("{org}/settings/webhooks"), &webhook.to_string())
                ),
            ),
            Self::SignInRemoved { provider } => (
                format!("{provider} opens your account no longer"),
                format!(
                    "Signing in with {provider} was removed from your account at {host}.\n\n\
                    If it was not you, choose a new password at once:\n\n{}\n",
                    link("forgot", "").trim_end_matches('/')
                ),
            ),
            Self::AccountDeleted => (
                "Your account was deleted".to_owned(),
                format!(
                    "Your account at {host} was deleted, with its sessions, its places in organisations and the API keys it \
                    made there.\n\n\
                    If it was not you, tell whoever runs {host}: it cannot be brought back.\n"
                ),
            ),
        };
        Text { subject, body }
    }
}

#[cfg(test)]
mod tests;
