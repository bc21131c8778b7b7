//! How requests are read off a connection.

use super::super::request::Request;

#[test]
fn a_request_is_taken_when_it_is_whole_and_what_follows_stays() {
    let whole = b"PUT /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody";
    for end in 0..whole.len() {
        assert!(Request::take_from(&mut whole[..end].to_vec()).unwrap().is_none(), "{end}");
    }
    let mut received = [whole.as_slice(), b"GET"].concat();
    let request = Request::take_from(&mut received).unwrap().unwrap();
    assert_eq!((request.method.as_str(), request.body.as_slice()), ("PUT", b"body".as_slice()));
    assert_eq!(received, b"GET");
}

#[test]
fn what_is_not_a_request_is_an_error() {
    for nonsense in ["\0\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n"] {
        assert!(Request::take_from(&mut nonsense.into()).is_err(), "{nonsense:?}");
    }
}

#[test]
fn query_values_are_decoded_where_they_are_escapes() {
    let mut received = b"GET /a/b?x=1%2C2&y&z=100%&z=%C3%a9%zz HTTP/1.1\r\n\r\n".to_vec();
    let request = Request::take_from(&mut received).unwrap().unwrap();
    assert_eq!(request.segments(), ["a", "b"]);
    let pairs: Vec<(String, String)> = request.query().collect();
    let expected = [("x", "1,2"), ("y", ""), ("z", "100%"), ("z", "é%zz")];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}
