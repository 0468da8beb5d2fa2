//! Pictures are decoded by this very program, started again to run one test.

#[test]
fn child() {
    fieldseal_picture::run_decoder_child_of_test();
}
