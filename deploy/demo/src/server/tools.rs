//! The desk as an agent sees it: six tools, honestly annotated. Rules about who may use them are the gateway's, not these.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::handler::server::wrapper::Parameters;
use rmcp::schemars::JsonSchema;
use rmcp::{Json, ServerHandler, tool, tool_handler, tool_router};
use serde::{Deserialize, Serialize};

use crate::desk::{Customer, Desk, DeskError, Message, Refund, Ticket};

#[derive(Debug, Clone)]
pub struct SupportDesk {
    desk: Arc<Mutex<Desk>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct OfCustomer {
    /// The customer's id, as `list_customers` gives it.
    customer: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Search {
    /// Words that the ticket must hold; none finds every ticket.
    query: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct NewRefund {
    customer: String,
    /// In cents: 1250 is 12.50.
    amount: u64,
    /// `EUR` or `USD`.
    currency: String,
    /// Why; read by the people who check refunds.
    reason: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct NewMessage {
    customer: String,
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Customers {
    customers: Vec<Customer>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Tickets {
    tickets: Vec<Ticket>,
}

fn told<T>(answer: Result<T, DeskError>) -> Result<Json<T>, String> {
    answer.map(Json).map_err(|refused| refused.to_string())
}

#[tool_router]
impl SupportDesk {
    pub fn new(desk: Arc<Mutex<Desk>>) -> Self {
        Self { desk }
    }

    /// A panic while the desk was held would have lost that one request; the desk's own steps leave it whole.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[tool(
        description = "List all customers of the desk.",
        annotations(
            title = "List customers",
            read_only_hint = true,
            open_world_hint = false
        )
    )]
    async fn list_customers(&self) -> Result<Json<Customers>, String> {
        let customers = self.desk().customers();
        Ok(Json(Customers { customers }))
    }

    #[tool(
        description = "Get one customer by id.",
        annotations(title = "Get customer", read_only_hint = true, open_world_hint = false)
    )]
    async fn get_customer(
        &self,
        Parameters(asked): Parameters<OfCustomer>,
    ) -> Result<Json<Customer>, String> {
        told(self.desk().customer(&asked.customer))
    }

    #[tool(
        description = "Search the tickets for words in their subject and body.",
        annotations(
            title = "Search tickets",
            read_only_hint = true,
            open_world_hint = false
        )
    )]
    async fn search_tickets(
        &self,
        Parameters(asked): Parameters<Search>,
    ) -> Result<Json<Tickets>, String> {
        let tickets = self.desk().search(&asked.query);
        Ok(Json(Tickets { tickets }))
    }

    #[tool(
        description = "Pay money back to a customer.",
        annotations(
            title = "Create refund",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = false,
            open_world_hint = true
        )
    )]
    async fn create_refund(
        &self,
        Parameters(new): Parameters<NewRefund>,
    ) -> Result<Json<Refund>, String> {
        told(
            self.desk()
                .refund(&new.customer, new.amount, &new.currency, new.reason),
        )
    }

    #[tool(
        description = "Send a message to a customer.",
        annotations(
            title = "Send message",
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = false,
            open_world_hint = true
        )
    )]
    async fn send_message(
        &self,
        Parameters(new): Parameters<NewMessage>,
    ) -> Result<Json<Message>, String> {
        told(self.desk().send(&new.customer, &new.text))
    }

    #[tool(
        description = "Delete a customer with all their tickets, refunds and messages. This cannot be undone.",
        annotations(
            title = "Delete customer",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn delete_customer(
        &self,
        Parameters(asked): Parameters<OfCustomer>,
    ) -> Result<Json<Customer>, String> {
        told(self.desk().delete(&asked.customer))
    }
}

#[tool_handler(
    router = Self::tool_router(),
    name = "portcullis-support-desk",
    instructions = "A small support desk: customers, tickets, refunds and messages. It is a demo; nobody is really paid."
)]
impl ServerHandler for SupportDesk {}
