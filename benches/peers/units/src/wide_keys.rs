//! The hundred keys of W3, written once.

/// Calls the macro `$cb` with `[$args]` and then the hundred keys, each as `kind ident "literal" index;`, so that a row
/// sets 100 distinct literal keys in 100 statements without 100 lines of code. `kind` is `str` (40 strings), `int` (40
/// integers), `flt` (10 floats) or `flag` (10 bools); `index` is the position of the value in [`Wide`](crate::Wide).
#[macro_export]
macro_rules! with_wide_keys {
    ($cb:ident $($args:tt)*) => {
        $cb! {
            [$($args)*]
                str str_00 "str_00" 0; str str_01 "str_01" 1; str str_02 "str_02" 2; str str_03 "str_03" 3;
                str str_04 "str_04" 4; str str_05 "str_05" 5; str str_06 "str_06" 6; str str_07 "str_07" 7;
                str str_08 "str_08" 8; str str_09 "str_09" 9; str str_10 "str_10" 10; str str_11 "str_11" 11;
                str str_12 "str_12" 12; str str_13 "str_13" 13; str str_14 "str_14" 14; str str_15 "str_15" 15;
                str str_16 "str_16" 16; str str_17 "str_17" 17; str str_18 "str_18" 18; str str_19 "str_19" 19;
                str str_20 "str_20" 20; str str_21 "str_21" 21; str str_22 "str_22" 22; str str_23 "str_23" 23;
                str str_24 "str_24" 24; str str_25 "str_25" 25; str str_26 "str_26" 26; str str_27 "str_27" 27;
                str str_28 "str_28" 28; str str_29 "str_29" 29; str str_30 "str_30" 30; str str_31 "str_31" 31;
                str str_32 "str_32" 32; str str_33 "str_33" 33; str str_34 "str_34" 34; str str_35 "str_35" 35;
                str str_36 "str_36" 36; str str_37 "str_37" 37; str str_38 "str_38" 38; str str_39 "str_39" 39;
                int int_00 "int_00" 0; int int_01 "int_01" 1; int int_02 "int_02" 2; int int_03 "int_03" 3;
                int int_04 "int_04" 4; int int_05 "int_05" 5; int int_06 "int_06" 6; int int_07 "int_07" 7;
                int int_08 "int_08" 8; int int_09 "int_09" 9; int int_10 "int_10" 10; int int_11 "int_11" 11;
                int int_12 "int_12" 12; int int_13 "int_13" 13; int int_14 "int_14" 14; int int_15 "int_15" 15;
                int int_16 "int_16" 16; int int_17 "int_17" 17; int int_18 "int_18" 18; int int_19 "int_19" 19;
                int int_20 "int_20" 20; int int_21 "int_21" 21; int int_22 "int_22" 22; int int_23 "int_23" 23;
                int int_24 "int_24" 24; int int_25 "int_25" 25; int int_26 "int_26" 26; int int_27 "int_27" 27;
                int int_28 "int_28" 28; int int_29 "int_29" 29; int int_30 "int_30" 30; int int_31 "int_31" 31;
                int int_32 "int_32" 32; int int_33 "int_33" 33; int int_34 "int_34" 34; int int_35 "int_35" 35;
                int int_36 "int_36" 36; int int_37 "int_37" 37; int int_38 "int_38" 38; int int_39 "int_39" 39;
                flt flt_00 "flt_00" 0; flt flt_01 "flt_01" 1; flt flt_02 "flt_02" 2; flt flt_03 "flt_03" 3;
                flt flt_04 "flt_04" 4; flt flt_05 "flt_05" 5; flt flt_06 "flt_06" 6; flt flt_07 "flt_07" 7;
                flt flt_08 "flt_08" 8; flt flt_09 "flt_09" 9;
                flag flag_00 "flag_00" 0; flag flag_01 "flag_01" 1; flag flag_02 "flag_02" 2; flag flag_03 "flag_03" 3;
                flag flag_04 "flag_04" 4; flag flag_05 "flag_05" 5; flag flag_06 "flag_06" 6; flag flag_07 "flag_07" 7;
                flag flag_08 "flag_08" 8; flag flag_09 "flag_09" 9;
        }
    };
}
