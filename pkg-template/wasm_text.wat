;; Turns the digits of xtask/src/wasm_text.rs into bytes, which take their place: too slow in JavaScript before that is compiled.
;; wasm_text.js fills in the table, 128 bytes for the characters that stand alone and 128 after each of the two highest.
(module
  (memory (export "memory") 1)
  (func (export "decode") (param $read i32) (param $end i32) (result i32)
    (local $write i32)
    (local $place i32)
    (local.set $write (local.get $read))
    (loop $digit
      (local.set $place (i32.load8_u (local.get $read)))
      (local.set $read (i32.add (local.get $read) (i32.const 1)))
      (if (i32.gt_u (local.get $place) (i32.const 124))
        (then
          (local.set $place
            (i32.add
              (i32.shl (i32.sub (local.get $place) (i32.const 124)) (i32.const 7))
              (i32.load8_u (local.get $read))))
          (local.set $read (i32.add (local.get $read) (i32.const 1)))))
      (i32.store8 (local.get $write) (i32.load8_u (local.get $place)))
      (local.set $write (i32.add (local.get $write) (i32.const 1)))
      (br_if $digit (i32.lt_u (local.get $read) (local.get $end))))
    (local.get $write)))
