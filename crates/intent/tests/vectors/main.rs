//! Every line of `docs/vectors/vectors-intent.jsonl`, both ways, each a test of its own name.

mod android;
mod derived;
mod payxpress;
mod tables;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn all() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors/vectors-intent.jsonl");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn data(name: &str) -> Value {
    let mut found: Vec<_> = all().into_iter().filter(|vector| vector["name"] == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found.remove(0)["data"].take()
}

macro_rules! vectors {
    ($($name:literal => $test:ident, $check:expr;)*) => {
        $(#[test]
        fn $test() {
            // The name of the test is that of the vector.
            assert_eq!($name.replace('-', "_"), stringify!($test));
            $check(&data($name));
        })*

        #[test]
        fn every_vector_has_its_test() {
            let tested = BTreeSet::from([$($name.to_owned(),)*]);
            let names: BTreeSet<_> = all().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
            assert_eq!(tested, names);
            assert_eq!(names.len(), 42);
        }
    };
}

vectors! {
    "payxpress-v4-component" => payxpress_v4_component, payxpress::v4_component;
    "payxpress-v4-action-enum" => payxpress_v4_action_enum, payxpress::action_enum;
    "payxpress-v4-perform-extras" => payxpress_v4_perform_extras, payxpress::perform_extras;
    "payxpress-v4-amount-format" => payxpress_v4_amount_format, payxpress::amount_format;
    "payxpress-v4-request-types-2024-early" => payxpress_v4_request_types_2024_early, payxpress::request_types;
    "payxpress-v4-request-types-later" => payxpress_v4_request_types_later, payxpress::request_types;
    "payxpress-v4-print-ticket-values" => payxpress_v4_print_ticket_values, payxpress::print_ticket_values;
    "payxpress-v4-print-last-early" => payxpress_v4_print_last_early, payxpress::print_last_early;
    "payxpress-v4-print-last" => payxpress_v4_print_last, payxpress::print_last;
    "payxpress-v4-print-type-enum" => payxpress_v4_print_type_enum, payxpress::print_type_enum;
    "payxpress-v4-result-carrier" => payxpress_v4_result_carrier, tables::result_carrier;
    "payxpress-v4-outcome-schema" => payxpress_v4_outcome_schema, tables::outcome_schema;
    "payxpress-v4-transaction-schema-2024-08" => payxpress_v4_transaction_schema_2024_08, tables::first_transaction;
    "payxpress-v4-transaction-schema-latest-readable" => payxpress_v4_transaction_schema_latest_readable, tables::second_transaction;
    "payxpress-v4-print-outcome-schema" => payxpress_v4_print_outcome_schema, tables::print_outcome;
    "payxpress-v4-tickets-json-prefix" => payxpress_v4_tickets_json_prefix, tables::tickets_prefix;
    "payxpress-v4-ticket-prefix-decoded" => payxpress_v4_ticket_prefix_decoded, tables::ticket_decoded;
    "payxpress-v4-sample-app" => payxpress_v4_sample_app, tables::sample_app;
    "payxpress-apm-component" => payxpress_apm_component, payxpress::apm_component;
    "payxpress-apm-sale-extras" => payxpress_apm_sale_extras, payxpress::apm_sale_extras;
    "payxpress-apm-amount-extras" => payxpress_apm_amount_extras, payxpress::apm_amount_extras;
    "payxpress-apm-params" => payxpress_apm_params, payxpress::apm_params;
    "derived-intent-uri-v4-debit-doc-sample" => derived_intent_uri_v4_debit_doc_sample, derived::uri_v4_debit;
    "derived-am-argv-v4-debit-doc-sample" => derived_am_argv_v4_debit_doc_sample, derived::am_v4_debit;
    "derived-intent-uri-v4-print-last-doc-sample" => derived_intent_uri_v4_print_last_doc_sample, derived::uri_v4_print_last;
    "derived-am-argv-v4-print-last-doc-sample" => derived_am_argv_v4_print_last_doc_sample, derived::am_v4_print_last;
    "derived-intent-uri-v4-reference-hostile" => derived_intent_uri_v4_reference_hostile, derived::uri_hostile;
    "derived-am-argv-v4-reference-hostile" => derived_am_argv_v4_reference_hostile, derived::am_hostile;
    "derived-intent-uri-apm-debit-doc-sample" => derived_intent_uri_apm_debit_doc_sample, derived::uri_apm_debit;
    "derived-am-argv-apm-debit-doc-sample" => derived_am_argv_apm_debit_doc_sample, derived::am_apm_debit;
    "derived-intent-uri-apm-direct-refund" => derived_intent_uri_apm_direct_refund, derived::uri_apm_direct_refund;
    "derived-am-argv-apm-direct-refund" => derived_am_argv_apm_direct_refund, derived::am_apm_direct_refund;
    "aosp-android-app-1" => aosp_android_app_1, android::read_and_written;
    "aosp-android-app-2" => aosp_android_app_2, android::host_is_lost;
    "aosp-android-app-3" => aosp_android_app_3, android::read_and_written;
    "aosp-android-app-4" => aosp_android_app_4, android::read_and_written;
    "aosp-android-app-5" => aosp_android_app_5, android::read_and_written;
    "aosp-android-app-6" => aosp_android_app_6, android::read_and_written;
    "zxing-chrome" => zxing_chrome, android::read_and_written;
    "sumup-success" => sumup_success, android::no_intent_of_ours;
    "sumup-failure" => sumup_failure, android::no_intent_of_ours;
    "nexi-payment-request" => nexi_payment_request, android::no_intent_of_ours;
}
