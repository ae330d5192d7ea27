//! A support desk: customers, their tickets, refunds and messages. Knows nothing of MCP.

use std::collections::{BTreeMap, VecDeque};

use rmcp::schemars::JsonSchema;
use serde::Serialize;

#[cfg(test)]
mod tests;

/// What is kept of each kind; the oldest goes first, so that a demo left running stays small.
const KEPT: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct Customer {
    pub id: String,
    pub name: String,
    pub email: String,
    pub plan: String,
    /// What they paid this year, in cents, refunds taken off.
    pub paid: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct Ticket {
    pub id: String,
    pub customer: String,
    pub subject: String,
    pub body: String,
    pub open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct Refund {
    pub id: String,
    pub customer: String,
    /// In cents.
    pub amount: u64,
    pub currency: String,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct Message {
    pub id: String,
    pub customer: String,
    pub text: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    #[error("there is no customer `{0}`")]
    NoSuchCustomer(String),
    #[error("`{customer}` paid {paid} this year, which is less than {amount}")]
    MoreThanPaid {
        customer: String,
        paid: u64,
        amount: u64,
    },
    #[error("a refund of nothing is no refund")]
    NothingToRefund,
    #[error("`{0}` is not a currency of this desk (EUR, USD)")]
    OtherCurrency(String),
    #[error("a message needs a text")]
    EmptyMessage,
}

#[derive(Debug)]
pub struct Desk {
    customers: BTreeMap<String, Customer>,
    tickets: Vec<Ticket>,
    refunds: VecDeque<Refund>,
    messages: VecDeque<Message>,
    numbered: u64,
}

impl Desk {
    /// The desk as it is every morning.
    pub fn opened() -> Self {
        let customer = |id: &str, name: &str, plan: &str, paid| Customer {
            id: id.to_owned(),
            name: name.to_owned(),
            email: format!("{}@example.com", id.replace('-', ".")),
            plan: plan.to_owned(),
            paid,
        };
        let ticket = |id: &str, customer: &str, subject: &str, body: &str, open| Ticket {
            id: id.to_owned(),
            customer: customer.to_owned(),
            subject: subject.to_owned(),
            body: body.to_owned(),
            open,
        };
        let customers = [
            customer("ada-byron", "Ada Byron", "team", 118_800),
            customer("joao-melo", "João Melo", "single", 10_800),
            customer("mei-tanaka", "Mei Tanaka", "team", 356_400),
            customer("sam-okafor", "Sam Okafor", "single", 5_400),
        ];
        Self {
            customers: customers
                .into_iter()
                .map(|customer| (customer.id.clone(), customer))
                .collect(),
            tickets: vec![
                ticket(
                    "t-101",
                    "ada-byron",
                    "Charged twice in March",
                    "The invoice of 3 March appears twice on my card.",
                    true,
                ),
                ticket(
                    "t-102",
                    "joao-melo",
                    "Cannot sign in",
                    "The link in the e-mail says it has expired.",
                    true,
                ),
                ticket(
                    "t-103",
                    "mei-tanaka",
                    "More seats",
                    "We need five more seats from Monday.",
                    false,
                ),
                ticket(
                    "t-104",
                    "sam-okafor",
                    "Refund for the wrong plan",
                    "I bought the team plan by mistake.",
                    true,
                ),
            ],
            refunds: VecDeque::new(),
            messages: VecDeque::new(),
            numbered: 0,
        }
    }

    pub fn customers(&self) -> Vec<Customer> {
        self.customers.values().cloned().collect()
    }

    pub fn customer(&self, id: &str) -> Result<Customer, DeskError> {
        self.customers
            .get(id)
            .cloned()
            .ok_or_else(|| DeskError::NoSuchCustomer(id.to_owned()))
    }

    /// The tickets whose subject or body holds every word of the question; no words: all tickets.
    pub fn search(&self, question: &str) -> Vec<Ticket> {
        let words: Vec<String> = question.split_whitespace().map(str::to_lowercase).collect();
        let holds = |ticket: &Ticket| {
            let text = format!("{} {}", ticket.subject, ticket.body).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        self.tickets
            .iter()
            .filter(|ticket| holds(ticket))
            .cloned()
            .collect()
    }

    pub fn refund(
        &mut self,
        customer: &str,
        amount: u64,
        currency: &str,
        reason: Option<String>,
    ) -> Result<Refund, DeskError> {
        if amount == 0 {
            return Err(DeskError::NothingToRefund);
        }
        if !matches!(currency, "EUR" | "USD") {
            return Err(DeskError::OtherCurrency(currency.to_owned()));
        }
        let account = self
            .customers
            .get_mut(customer)
            .ok_or_else(|| DeskError::NoSuchCustomer(customer.to_owned()))?;
        account.paid = account
            .paid
            .checked_sub(amount)
            .ok_or_else(|| DeskError::MoreThanPaid {
                customer: customer.to_owned(),
                paid: account.paid,
                amount,
            })?;
        let refund = Refund {
            id: self.next("r"),
            customer: customer.to_owned(),
            amount,
            currency: currency.to_owned(),
            reason,
        };
        keep(&mut self.refunds, refund.clone());
        Ok(refund)
    }

    pub fn send(&mut self, customer: &str, text: &str) -> Result<Message, DeskError> {
        self.customer(customer)?;
        if text.trim().is_empty() {
            return Err(DeskError::EmptyMessage);
        }
        let message = Message {
            id: self.next("m"),
            customer: customer.to_owned(),
            text: text.to_owned(),
        };
        keep(&mut self.messages, message.clone());
        Ok(message)
    }

    /// Deletes the customer with their tickets, refunds and messages.
    pub fn delete(&mut self, customer: &str) -> Result<Customer, DeskError> {
        let gone = self
            .customers
            .remove(customer)
            .ok_or_else(|| DeskError::NoSuchCustomer(customer.to_owned()))?;
        self.tickets.retain(|ticket| ticket.customer != customer);
        self.refunds.retain(|refund| refund.customer != customer);
        self.messages.retain(|message| message.customer != customer);
        Ok(gone)
    }

    fn next(&mut self, kind: &str) -> String {
        self.numbered += 1;
        format!("{kind}-{}", self.numbered)
    }
}

fn keep<T>(kept: &mut VecDeque<T>, new: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(new);
}
