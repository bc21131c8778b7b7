//! Programs the compiler must refuse, with the message it must give.
