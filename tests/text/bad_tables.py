"""The golden messages: every bad table of failures.md, sections 1 and 2, with the one error it gets."""

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

from glassbert.errors import DataError, GlassbertError, UsageError

HEADER = "text,label\n"
ROWS = "good film,pos\nbad film,neg\n"
LINE = '{"text": "good film", "label": "pos"}\n'
LINES = LINE + '{"text": "bad film", "label": "neg"}\n'
NO_HEADER = "use --no-header (the columns are then named 0, 1, ...), or add a header such as text,label"
ASIDE = "; `--on-bad-rows quarantine` sets such rows aside"
CLOSE_QUOTE = 'close it, write a quote inside a field twice (""), or use --format tsv if nothing is quoted'
AN_OBJECT = 'write each row as an object such as {"text": "...", "label": "..."}'
NOT_JSON_FIX = "correct the file, or use --format jsonl if it holds one object per line"


@dataclass(frozen=True)
class Bad:
    """A file, and the one message it gets; the name is the row of failures.md and what happens."""

    id: str
    file: str
    content: str | bytes
    message: str
    options: dict[str, Any] = field(default_factory=dict)
    error: type[GlassbertError] = DataError


BAD = [
    Bad("c1_empty_file_has_no_rows", "a.csv", "",
        "a.csv: empty-file: no rows; expected header text,label"
        " — check that this is the right file and that it is complete"),
    Bad("c1_file_of_line_ends_has_no_rows", "a.tsv", "\n \n",
        "a.tsv: empty-file: no rows; expected header text,label"
        " — check that this is the right file and that it is complete"),
    Bad("c2_header_only_has_0_examples", "a.csv", HEADER,
        "a.csv: no-examples: 0 examples — add rows, or check that the file is complete"),
    Bad("c4_utf_16_mark_names_the_encoding", "a.csv", (HEADER + ROWS).encode("utf-16"),
        "a.csv:1: wrong-encoding: the byte-order mark says UTF-16, but the file is read as UTF-8"
        " — use --encoding utf-16"),
    Bad("c5_latin_1_byte_is_named_by_line_and_byte", "a.csv",
        (HEADER + ROWS * 405).encode() + "un café,pos\n".encode("latin-1"),
        "a.csv:812:7: undecodable-byte: byte 7 of this line is 0xE9, which is not valid UTF-8 here"
        " — if the text is Western European, try --encoding latin-1; otherwise convert the file to UTF-8"),
    Bad("c6_unterminated_quote_names_the_row_where_it_opens", "a.csv",
        HEADER + '"good film,pos\nbad film,neg\n',
        "a.csv:2:1: unterminated-quote: a quote opens in this row and is not closed before the end of the"
        f" file — {CLOSE_QUOTE}"),
    Bad("c6_quote_closed_by_a_later_row_names_the_row_where_it_opens", "a.csv",
        HEADER + 'fine,pos\nok,"pos\n"great, really",neg\n',
        "a.csv:3:4: unterminated-quote: a quote opens in this row, and the quote that closes it is followed"
        f" by more text — {CLOSE_QUOTE}"),
    Bad("c9_too_few_fields_name_the_row", "a.csv", HEADER + ROWS + "no label\n",
        "a.csv:4: wrong-field-count: 1 field where the first line has 2"
        " — is a field missing, or is a line broken inside the text?" + ASIDE),
    Bad("c9_blank_line_inside_is_no_row", "a.csv", HEADER + "good film,pos\n\nbad film,neg\n",
        "a.csv:3: blank-line: this line is blank — remove it" + ASIDE),
    Bad("c10_too_many_fields_hint_at_the_comma", "a.csv", HEADER + ROWS + "good, but long,pos\n",
        "a.csv:4: wrong-field-count: 3 fields where the first line has 2"
        " — is there an unquoted comma? put the field in double quotes" + ASIDE),
    Bad("c10_too_many_fields_of_tsv_hint_at_the_tab", "a.tsv", "text\tlabel\nx\ty\tz\n",
        "a.tsv:2: wrong-field-count: 3 fields where the first line has 2"
        " — is there a tab inside the text? remove or replace it"),
    Bad("c11_duplicate_header_is_refused", "a.csv", "text,text\na,b\n",
        "a.csv:1: duplicate-column: the header names 'text' more than once — give each column its own name"),
    Bad("c12_missing_label_column_lists_the_columns", "a.csv", "text,remark\ngood film,x1\nbad film,x2\n",
        "a.csv: missing-label-column: no column looks like a label; columns found: 'text', 'remark'"
        " — name it with --label-column"),
    Bad("c13_absent_header_is_seen_by_its_label", "a.csv", "great fun,pos\ndull,neg\nlovely,pos\n",
        "a.csv:1: missing-header: first row looks like data: 'pos' is also a value further down in the same"
        f" column — {NO_HEADER}"),
    Bad("c13_absent_header_is_seen_by_its_sentence", "a.tsv", "I loved it all.\tpos\ndull\tneg\n",
        "a.tsv:1: missing-header: first row looks like data: 'I loved it all.' is a sentence, not a name"
        f" — {NO_HEADER}"),
    Bad("c14_semicolons_are_suggested", "a.csv", "text;label\ngood film;pos\n",
        "a.csv:1: wrong-delimiter: the first line has no ',', but ';' separates it into 2 columns"
        " — use --delimiter ';', or --delimiter ',' if the file has one column only"),
    Bad("c14_tabs_in_csv_are_suggested", "a.csv", "text\tlabel\ngood film\tpos\n",
        "a.csv:1: wrong-delimiter: the first line has no ',', but a tab separates it into 2 columns"
        " — use --format tsv, or --delimiter ',' if the file has one column only"),
    Bad("c14_commas_in_tsv_are_suggested", "a.tsv", HEADER + ROWS,
        "a.tsv:1: wrong-delimiter: the first line has no tab, but ',' separates it into 2 columns"
        " — use --format csv, or --delimiter $'\\t' if the file has one column only"),
    Bad("c15_field_over_the_limit_is_refused", "a.csv", HEADER + "x" * 1001 + ",pos\n",
        "a.csv:2: field-too-long: field 1 has 1,001 bytes, more than 1,000"
        " — is a quote missing further up? otherwise raise --max-field-bytes", {"max_field_bytes": 1000}),
    Bad("c15_json_field_over_the_limit_is_refused", "a.jsonl", LINE.replace("good", "g" * 1001),
        "a.jsonl:1: field-too-long: the value of 'text' has 1,006 bytes, more than 1,000"
        " — shorten it, or raise --max-field-bytes", {"max_field_bytes": 1000}),
    Bad("c16_nul_character_is_named_by_line_and_column", "a.csv", HEADER + "good\0film,pos\n",
        "a.csv:2:5: nul-character: character 5 of this line is NUL (U+0000)"
        " — remove it; the file may be damaged"),
    Bad("c16_nul_in_every_second_byte_is_utf_16", "a.csv", (HEADER + ROWS).encode("utf-16-le"),
        "a.csv:1:2: nul-character: every other byte is NUL, as in UTF-16 without a byte-order mark"
        " — try --encoding utf-16-le"),
    Bad("joined_files_repeat_the_header", "a.csv", (HEADER + ROWS) * 2,
        "a.csv:4: repeated-header: the header comes again, as when files are joined with cat"
        " — keep the first one only"),
    Bad("empty_label_is_no_class", "a.csv", HEADER + "good film, \nbad film,neg\n",
        "a.csv:2: empty-label: 'label' is empty in this row — fill it in, or leave the row out"),
    Bad("two_columns_of_text_are_ambiguous", "a.csv",
        "title,body,label\nthe good film is here,what a very good film,1\n"
        "the bad film is here,what a very bad film,0\n",
        "a.csv: ambiguous-columns: 'title', 'body' could each be the column of the text; columns found:"
        " 'title', 'body', 'label' — name the columns with --text-column and --label-column"),
    Bad("j2_truncated_last_line_gives_its_byte_offset", "a.jsonl", LINES + '{"text": "cut of',
        "a.jsonl:3:10: truncated-line: the last line is cut off (it begins at byte 75 of the file), as when a"
        " copy is interrupted — copy the file again" + ASIDE),
    Bad("j3_array_in_jsonl_names_the_format", "a.jsonl", "[\n " + LINE + "]\n",
        "a.jsonl:1: json-array: this is a JSON array, not one JSON object per line — use --format json"),
    Bad("j3_lines_in_json_name_the_format", "a.json", LINES,
        "a.json:1:1: not-an-array: this is not a JSON array; it may hold one object per line"
        " — use --format jsonl"),
    Bad("j3_single_object_is_no_table", "a.json", '{"text": ["a"], "label": ["b"]}',
        "a.json:1:1: not-an-array: this is a single JSON value, not an array of objects"
        ' — write [{"text": "...", ...}, ...]; questions may be in SQuAD\'s {"data": [...]}'),
    Bad("j4_duplicate_key_is_refused", "a.jsonl", LINES + '{"text": "x", "label": "a", "label": "b"}\n',
        "a.jsonl:3: duplicate-key: the key 'label' occurs twice in one object — keep one of them" + ASIDE),
    Bad("j4_duplicate_key_in_an_array_is_refused", "a.json", '[{"text": "x",\n "label": "a", "label": "b"}]',
        "a.json:1:2: duplicate-key: the key 'label' occurs twice in one object — keep one of them"),
    Bad("j5_nan_and_infinities_are_refused", "a.jsonl",
        '{"text": "x", "label": NaN}\n{"text": "x", "label": Infinity}\n{"text": "x", "label": -1e999}\n',
        "a.jsonl:1: not-json: NaN is not a JSON number — use null, or leave the row out\n"
        "a.jsonl:2: not-json: Infinity is not a JSON number — use null, or leave the row out\n"
        "a.jsonl:3: number-out-of-range: -1e999 exceeds the largest double"
        " — correct the number, or write it as a string if it is an identifier"),
    Bad("j6_giant_integer_is_refused", "a.jsonl", LINE.replace('"pos"', "1" * 5000),
        "a.jsonl:1: number-out-of-range: an integer of 5,000 digits"
        " — correct the number, or write it as a string if it is an identifier"),
    Bad("j7_nesting_of_100000_is_refused", "a.jsonl", LINE.replace('"pos"', "[" * 100_000 + "]" * 100_000),
        "a.jsonl:1: nested-too-deep: depth > 64 — flatten the row to named values"),
    Bad("j8_lone_surrogate_is_named_by_line_and_column", "a.jsonl",
        LINE + '{"text": "a \\ud800 b", "label": "pos"}\n',
        "a.jsonl:2:13: lone-surrogate: \\ud800 is half of a surrogate pair, not a character"
        " — write the character itself, or both halves" + ASIDE),
    Bad("j9_null_and_missing_text_are_named", "a.jsonl",
        LINES + '{"text": null, "label": "a"}\n{"label": "b"}\n',
        "a.jsonl:3: missing-text: 'text' is null or absent in this row"
        " — fill in the text, or leave the row out\n"
        "a.jsonl:4: missing-text: 'text' is null or absent in this row"
        " — fill in the text, or leave the row out"),
    Bad("j9_null_label_is_named", "a.jsonl", LINES + '{"text": "c", "label": null}\n',
        "a.jsonl:3: missing-label: 'label' is null or absent in this row"
        " — fill in the label, or leave the row out"),
    Bad("j10_number_and_list_are_no_text", "a.jsonl",
        LINES + '{"text": 42, "label": "a"}\n{"text": ["a"], "label": "b"}\n'
        '{"text": {"a": 1}, "label": "b"}\n',
        "a.jsonl:3: not-a-string: 'text' is an integer here, not text: 42"
        " — write it as a string, or name another column with --text-column\n"
        "a.jsonl:4: not-a-string: 'text' is a list here, not text: ['a']"
        " — write it as a string, or name another column with --text-column\n"
        "a.jsonl:5: not-a-string: 'text' is an object here, not text: {'a': 1}"
        " — write it as a string, or name another column with --text-column"),
    Bad("j11_label_of_another_type_is_refused", "a.jsonl", LINES + '{"text": "x", "label": 1}\n',
        "a.jsonl:3: mixed-labels: 'label' is an integer here (1) and a string in most rows"
        " — write all labels as strings, or all as integers"),
    Bad("j12_true_is_no_label", "a.jsonl", LINE.replace('"pos"', "true"),
        "a.jsonl:1: bad-label: 'label' is true or false here: True"
        ' — write the names of the classes, such as "spam" and "not spam"', {}),
    Bad("fractional_label_points_to_regression", "a.jsonl", LINE.replace('"pos"', "0.5"),
        "a.jsonl:1: bad-label: 'label' is a fractional number here: 0.5"
        " — write classes as strings or integers; for scores use --task text-regression"),
    Bad("j13_line_over_the_limit_is_refused", "a.jsonl", LINE + '{"text": "' + "x" * 2000,
        "a.jsonl:2: line-too-long: this line is longer than 1,000 bytes"
        " — check that the file has line ends, or raise --max-line-bytes", {"max_line_bytes": 1000}),
    Bad("j15_gzip_bomb_meets_the_ratio_cap", "a.jsonl.gz", gzip.compress(b" " * (8 << 20), mtime=0),
        "a.jsonl.gz: expanded-size-limit: expanded size limit: the file expands to more than 200 times"
        " its compressed size — if you trust it, decompress or split it yourself and name the result"),
    Bad("j15_expanded_size_meets_the_limit", "a.jsonl.gz", gzip.compress(LINES.encode() * 200, mtime=0),
        "a.jsonl.gz: expanded-size-limit: expanded size limit: the file expands to more than 10,000 bytes"
        " — if you trust it, decompress or split it yourself and name the result",
        {"max_expanded_bytes": 10_000}),
    Bad("j16_truncated_gzip_is_refused", "a.jsonl.gz", gzip.compress(LINES.encode(), mtime=0)[:-9],
        "a.jsonl.gz: damaged-compression: the compressed data is truncated or damaged (Compressed file ended"
        " before the end-of-stream marker was reached)"
        " — fetch or compress the file again; `gzip -t` tests it"),
    Bad("j16_wrong_checksum_is_refused", "a.jsonl.gz",
        gzip.compress(LINES.encode(), mtime=0)[:-8] + bytes(8),
        "a.jsonl.gz: damaged-compression: the compressed data is truncated or damaged (CRC check failed 0x0"
        " != 0x71cc72ee) — fetch or compress the file again; `gzip -t` tests it"),
    Bad("line_that_is_no_object_is_named", "a.jsonl", LINE + '"text"\n',
        f"a.jsonl:2: not-an-object: this line is a string, not an object — {AN_OBJECT}" + ASIDE),
    Bad("comma_after_an_object_is_named", "a.jsonl", LINE.strip() + ",\n" + LINE,
        "a.jsonl:1:38: not-json: this line is not a JSON object (more text after the value)"
        " — write each object on one line of its own, without a comma after it" + ASIDE),
    Bad("array_that_does_not_end_is_named", "a.json", "[" + LINE,
        f"a.json:2:1: not-json: this is not JSON (expected ',' or ']') — {NOT_JSON_FIX}"),
    Bad("text_after_an_array_is_named", "a.json", "[" + LINE.strip() + "] x",
        f"a.json:1:41: not-json: this is not JSON (more text after the array) — {NOT_JSON_FIX}"),
    Bad("element_that_is_no_object_is_named", "a.json", "[\n1, " + LINE + "]",
        f"a.json:2:1: not-an-object: element 1 is an integer, not an object — {AN_OBJECT}" + ASIDE),
    Bad("empty_array_has_0_examples", "a.json", "[ ]",
        "a.json: no-examples: 0 examples — add rows, or check that the file is complete"),
    Bad("gzip_without_its_suffix_is_named", "a.csv", gzip.compress(b"text,label\n", mtime=0),
        "a.csv: not-text: this is gzip data — give the file a name that ends in .gz"),
    Bad("thousand_different_keys_are_refused", "a.jsonl",
        "\n".join(json.dumps({f"key {index}": 1}) for index in range(1001)),
        "a.jsonl: too-many-columns: the rows have more than 1,000 different keys between them"
        " — give every row the same keys, such as text and label"),
    Bad("unknown_suffix_needs_a_format", "a.txt", HEADER + ROWS,
        "a.txt: unknown-format: the name does not say what format this is ('.txt')"
        " — use --format with one of csv, tsv, json, jsonl, parquet, conll, words, text", {}, UsageError),
]  # fmt: skip
