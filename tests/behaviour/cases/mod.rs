//! The cases, and the tests that are made of them for a subject.

pub(crate) mod accounts;
pub(crate) mod clients;
pub(crate) mod databases;
pub(crate) mod faults;
pub(crate) mod login;
pub(crate) mod tls;
pub(crate) mod unenforced;

/// Makes the tests of every subject: `[attributes of each test] subject`.
macro_rules! every_case {
    ($attributes:tt $subject:ty) => {
        $crate::behaviour::cases::login_cases! { $attributes $subject }
        $crate::behaviour::cases::tests! { $attributes $subject:
            tls {
                good_certificate
                authority_that_is_not_trusted
                untrusted_certificate
                expired_certificate
                certificate_that_is_not_valid_yet
                certificate_that_ends_soon
                certificate_with_a_common_name_only
                certificate_of_version_1
                certificate_for_another_host
                missing_intermediate
                required_but_not_offered
                demanded_by_the_server_but_off
            }
            faults {
                refused_port
                black_hole_before_accept
                black_hole_after_accept
                silence_at_every_stage
                end_at_every_stage
                reset_at_every_stage
                one_byte_a_second
                foreign_protocol
                names_that_do_not_resolve
                metadata_addresses
            }
        }
    };
}

/// Makes the tests of a subject whose servers may demand a certificate of their clients.
macro_rules! client_cases {
    ($attributes:tt $subject:ty) => {
        $crate::behaviour::cases::tests! { $attributes $subject:
            clients {
                client_certificate
                client_certificate_of_version_1
                client_certificate_absent
                client_certificate_expired
                client_certificate_untrusted
            }
        }
    };
}

/// Makes the tests of a subject whose driver checks a certificate only where it is told to.
macro_rules! unenforced_cases {
    ($attributes:tt $subject:ty) => {
        $crate::behaviour::cases::tests! { $attributes $subject:
            unenforced {
                certificate_is_not_checked_unless_enforced
            }
        }
    };
}

/// Makes the tests of a subject that differs from another in its login alone.
macro_rules! login_cases {
    ($attributes:tt $subject:ty) => {
        $crate::behaviour::cases::tests! { $attributes $subject:
            login {
                right
                right_in_clear_text
                right_with_awkward_characters
                wrong_password_costs_one_login
                unknown_user
                refused_login_is_not_repeated_by_another_connection
                no_right
            }
        }
    };
}

/// Makes the tests of a subject with databases.
macro_rules! database_cases {
    ($attributes:tt $subject:ty) => {
        $crate::behaviour::cases::tests! { $attributes $subject:
            databases {
                no_such_database
            }
        }
    };
}

/// Makes the tests of a subject with accounts.
macro_rules! account_cases {
    ($attributes:tt $subject:ty) => {
        $crate::behaviour::cases::tests! { $attributes $subject:
            accounts {
                locked
                expired
                too_many_connections
            }
        }
    };
}

macro_rules! tests {
    ($attributes:tt $subject:ty: $($group:ident { $($case:ident)* })*) => {
        $(mod $group {
            $($crate::behaviour::cases::test! { $attributes $subject: $group $case })*
        })*
    };
}

macro_rules! test {
    ([$($attribute:meta)*] $subject:ty: $group:ident $case:ident) => {
        #[test]
        $(#[$attribute])*
        fn $case() {
            $crate::behaviour::cases::$group::$case::<$subject>();
        }
    };
}

pub(crate) use {
    account_cases, client_cases, database_cases, every_case, login_cases, test, tests, unenforced_cases,
};
