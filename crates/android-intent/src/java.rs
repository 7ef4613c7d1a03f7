//! What Java does with numbers and strings, to the last digit and the last exception.

mod digit;
mod fraction;
pub(crate) mod integer;
mod number_error;
pub(crate) mod print_float;
mod read_decimal;
pub(crate) mod read_float;
mod read_hexadecimal;
pub(crate) mod split;

pub(crate) use number_error::NumberError;
