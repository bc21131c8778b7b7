//! The rules: one file per question.

mod cache_key;
mod changelog;
mod contracts;
mod edges;
mod fan_out;
mod no_view;
mod overlap;
mod tables;
mod words;

pub(crate) use cache_key::{cache_clients, cache_key};
pub(crate) use changelog::{changelog, is_contract, names_schema, schema_of_contract};
pub(crate) use contracts::contracts;
pub(crate) use edges::{edges, edges_in_code};
pub(crate) use fan_out::fan_out;
pub(crate) use no_view::no_view;
pub(crate) use overlap::overlap;
pub(crate) use tables::{payload_budgets, wide_views};
pub(crate) use words::{business_logic, words_in_history};
