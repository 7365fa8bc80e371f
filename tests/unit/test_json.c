/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>

#include "lib/json.h"

static const struct json *
parse(const void *ctx, const char *text)
{
	const struct json *json = NULL;
	struct err err = { 0 };

	CHECK(json_parse(ctx, text, strlen(text), &json, &err) == RC_OK, "%s: %s", text, err.text);
	return json;
}

static void
takes_json(void **state)
{
	static const char *const cases[] = { "{}", "[]", "0", "-0", "-1.5e+10", "1E5", "\"\"",
		"true", "false", " { } \r\n\t", "[1,2,[3,{}]]",
		"{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2}]}", "\"\\u20ac\\n\\\"\\\\\"",
		"\"\xe2\x82\xac\"", "{\"\":1}", "9223372036854775807", "-9223372036854775808",
		"{\"a:b\":\"c:d\\\":\"}", "[\"NaN\",\"Infinity\"]", "1.7976931348623157e400" };

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_non_null(parse(*state, cases[i]));
	assert_null(parse(*state, "null"));
}

static void
refuses_anything_else(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "", "not valid JSON" },
		{ " ", "not valid JSON" },
		{ "{", "not valid JSON" },
		{ "[1,]", "not valid JSON" },
		{ "{\"a\":1,}", "not valid JSON" },
		{ "[1 2]", "not valid JSON" },
		{ "{\"a\" 1}", "not valid JSON" },
		{ "{a:1}", "not valid JSON" },
		{ "{'a':1}", "unexpected character" },
		{ "[1]]", "not valid JSON" },
		{ "{} {}", "not valid JSON" },
		{ "1 2", "not valid JSON" },
		{ "// x\n1", "unexpected character" },
		{ "[1/**/]", "unexpected character" },
		{ "NaN", "unexpected character" },
		{ "[-Infinity]", "malformed number" },
		{ "Infinity", "unexpected character" },
		{ "True", "unexpected character" },
		{ "tru", "not valid JSON" },
		{ "nullx", "not valid JSON" },
		{ "01", "malformed number" },
		{ "-", "malformed number" },
		{ "1.", "malformed number" },
		{ ".5", "unexpected character" },
		{ "+1", "unexpected character" },
		{ "1e", "malformed number" },
		{ "1e+", "malformed number" },
		{ "0x10", "unexpected character" },
		{ "9223372036854775808", "integer out of range" },
		{ "-9223372036854775809", "integer out of range" },
		{ "{\"a\":99999999999999999999999999999999999999999999}", "integer out of range" },
		{ "\"a", "unfinished string" },
		{ "\"a\\", "unfinished string" },
		{ "\"a\\\"", "unfinished string" },
		{ "\"\\x\"", "not valid JSON" },
		{ "\"\\u12\"", "not valid JSON" },
		{ "\"a\nb\"", "control character" },
		{ "\"\xff\"", "malformed UTF-8" },
		{ "\"\xc0\x80\"", "malformed UTF-8" },
		{ "\"\xed\xa0\x80\"", "malformed UTF-8" },
		{ "\xef\xbb\xbf{}", "unexpected character" },
		{ "{\"a\":1,\"a\":2}", "duplicate key" },
		{ "{\"a\":1,\"\\u0061\":2}", "duplicate key" },
		{ "[{\"b\":{\"a\":1,\"c\":0,\"a\":1}}]", "duplicate key" },
		{ "{\"id\\u0000x\":1}", "NUL in a key" },
	};
	const struct json *json = NULL;
	struct err err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(json_parse(*state, cases[i].text, strlen(cases[i].text), &json, &err) ==
			  RC_INVALID,
		    "%s", cases[i].text);
		CHECK(strstr(err.text, cases[i].reason) != NULL, "%s: %s", cases[i].text, err.text);
	}
	assert_int_equal(json_parse(*state, "1\0", 2, &json, &err), RC_INVALID);
	assert_int_equal(json_parse(*state, "\"a\0b\"", 5, &json, &err), RC_INVALID);
	assert_null(json);
}

static void
depth_is_bounded(void **state)
{
	char text[200];
	const struct json *json;
	struct err err;

	memset(text, '[', 100);
	memset(text + 100, ']', 100);
	assert_int_equal(json_parse(*state, text + 70, 60, &json, &err), RC_OK);
	assert_int_equal(json_parse(*state, text + 60, 80, &json, &err), RC_INVALID);
	assert_non_null(strstr(err.text, "nesting"));
}

static void
reads_members(void **state)
{
	const struct json *json =
	    parse(*state, "{\"data\":{\"order\":{\"id\":250}},\"id\":\"42\",\"big\":"
			  "9007199254740993,\"list\":[1,\"two\",null,false],"
			  "\"text\":\"caf\\u00e9\",\"nul\":\"a\\u0000b\",\"none\":null,\"yes\":"
			  "true,\"real\":1.0}");
	const struct json *list = json_get(json, "list");
	int64_t i = 7;
	bool b = false;

	assert_true(json_is_object(json) && !json_is_array(json));
	assert_int_equal(json_get_int(json, "data.order.id", -1), 250);
	assert_null(json_get(json, "data.order.id.x"));
	assert_null(json_get(json, "data.nothing.id"));
	assert_null(json_get(json, "none"));
	assert_null(json_get(NULL, "x"));

	assert_false(json_int(json_get(json, "id"), &i));
	assert_true(json_int_loose(json_get(json, "id"), &i));
	assert_int_equal(i, 42);
	assert_true(json_int(json_get(json, "big"), &i));
	assert_int_equal(i, 9007199254740993);
	assert_false(json_int_loose(json_get(json, "real"), &i));
	assert_false(json_int_loose(json_get(json, "text"), &i));
	assert_false(json_int_loose(NULL, &i));
	assert_int_equal(i, 9007199254740993);

	assert_int_equal(json_count(list), 4);
	assert_string_equal(json_text(json_at(list, 1)), "two");
	assert_null(json_at(list, 2));
	assert_null(json_at(list, 4));
	assert_true(json_bool(json_at(list, 3), &b) && !b);
	assert_false(json_bool(json_at(list, 0), &b));
	assert_int_equal(json_count(json), 0);

	assert_string_equal(json_get_text(json, "text", NULL), "caf\xc3\xa9");
	assert_null(json_text(json_get(json, "nul")));
	assert_string_equal(json_get_text(json, "none", "otherwise"), "otherwise");
	assert_null(json_text(json_get(json, "big")));
	assert_true(json_get_bool(json, "yes", false));
	assert_true(json_get_bool(json, "nothing", true));
}

static void
lists_members_in_order(void **state)
{
	const struct json *json = parse(*state, "{\"b\":1,\"a\":null,\"c\":\"x\"}");
	const struct json *value;
	int64_t i;

	assert_int_equal(json_members(json), 3);
	assert_string_equal(json_member(json, 0, &value), "b");
	assert_true(json_int(value, &i) && i == 1);
	assert_string_equal(json_member(json, 1, &value), "a");
	assert_null(value);
	assert_string_equal(json_member(json, 2, &value), "c");
	assert_string_equal(json_text(value), "x");
	assert_int_equal(json_members(parse(*state, "[1]")), 0);
	assert_int_equal(json_members(NULL), 0);
}

/* Amounts must reach money_parse as they were written, whatever a double would make of them. */
static void
amounts_keep_their_text(void **state)
{
	static const struct {
		const char *source, *text;
	} cases[] = {
		{ "20.83", "20.83" },
		{ "0.1", "0.1" },
		{ "69.8400", "69.8400" },
		{ "123456789012345678.123456789", "123456789012345678.123456789" },
		{ "1.5e3", "1.5e3" },
		{ "5", "5" },
		{ "-10", "-10" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "\"69.8400\"", "69.8400" },
		{ "0.0", "0.0" },
		{ "true", NULL },
		{ "{}", NULL },
		{ "null", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = json_number_text(parse(*state, cases[i].source));

		CHECK((text == NULL) == (cases[i].text == NULL), "%s", cases[i].source);
		if (text != NULL)
			assert_string_equal(text, cases[i].text);
	}
}

/* A value as an object's only member, without the object around it. */
static const char *
dump(const void *ctx, const struct json *json)
{
	struct json_out *object = json_out_object(ctx);
	char *text;

	json_put_value(object, "v", json);
	text = json_out_text(ctx, object);
	text[strlen(text) - 1] = '\0';
	return text + strlen("{\"v\":");
}

static void
writes_what_it_reads(void **state)
{
	static const char *const cases[] = { "{\"a\":[1,-2,20.83,\"x\\\"\\n\",null,true],\"b\":{}}",
		"\"http://x/y\"", "69.8400", "{\"\xe2\x82\xac\":\"\xe2\x82\xac\"}" };

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(dump(*state, parse(*state, cases[i])), cases[i]);
	assert_string_equal(dump(*state, NULL), "null");
}

static void
writer(void **state)
{
	struct json_out *root = json_out_object(*state);
	struct json_out *list = json_out_array(*state);

	json_put_text(root, "text", "a \"quoted\" </script>");
	json_put_text(root, "none", NULL);
	json_put_int(root, "int", INT64_MIN);
	json_put_bool(root, "bool", true);
	json_put(root, "list", list);
	json_add_text(list, "two"); /* filled after it was put */
	json_add(list, json_out_object(*state));
	json_put_value(root, "read", json_get(parse(*state, "{\"a\":{\"b\":[20.80]}}"), "a"));
	json_put_value(root, "absent", NULL);
	assert_string_equal(json_out_text(*state, root),
	    "{\"text\":\"a \\\"quoted\\\" "
	    "</script>\",\"none\":null,\"int\":-9223372036854775808,\"bool\":true,"
	    "\"list\":[\"two\",{}],\"read\":{\"b\":[20.80]},\"absent\":null}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_json),
		TEST(refuses_anything_else),
		TEST(depth_is_bounded),
		TEST(reads_members),
		TEST(lists_members_in_order),
		TEST(amounts_keep_their_text),
		TEST(writes_what_it_reads),
		TEST(writer),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
