//! Limits as a BFF uses them: alone, together through a real Redis, and with Redis in trouble.

mod addresses;
mod alone;
mod settings;
mod support;
mod together;
mod trouble;
