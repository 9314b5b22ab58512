//! The data inventory (law L12): every stored field of personal data, with its role, purpose, legal basis, retention
//! rule and audience. An unlisted field fails the tests.
