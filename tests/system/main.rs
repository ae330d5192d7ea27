//! Sentences about the product: both planes as processes, real servers, real clients.

#![allow(
    clippy::disallowed_methods,
    reason = "a test's own loopback needs no manners"
)]

mod a_fleet_follows;
mod a_person_decides;
mod a_published_policy_reaches_the_gateway;
mod a_replica_takes_its_leave;
mod arguments_are_kept_sealed;
mod budgets_outlive_redis;
mod bundles_of_another_key;
mod every_call_is_on_record;
mod every_reader_reads_what_was_judged;
mod no_change_is_lost;
mod no_secret_is_told;
mod no_window_holds_more;
mod nothing_is_noticed;
mod older_servers_look_like_newer_ones;
mod only_tools;
mod signing_in_with_another_provider;
mod strict_calls_wait_for_the_database;
mod taken_back_by_two_ways;
mod tasks_are_their_grants;
mod the_bytes_are_the_servers_own;
mod the_kill_switch;
mod the_main_job;
mod the_rug_is_pulled;
mod the_structure_holds;
mod under_abuse;
mod under_faults;
mod what_operators_see;
mod without_redis;
mod without_the_control_plane;
