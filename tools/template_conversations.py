"""Conversations for check_templates.py: system prompts, several turns, tool calls and their results,
odd whitespace, Unicode, quotes; what some styles refuse is among them."""
import random

TEXTS = [
    "Hello!", "  spaces around \n", "\n\nlines\n", "", "It's \"quoted\" and <b>tagged</b> & more",
    "na\u00efve caf\u00e9 \u4f60\u597d \U0001f600\u200d\U0001f33e e\u0301", "tab\there", "{{ not a tag }} {% raw %}",
    "back\\slash \\n", "<think>\nlet me see\n</think>\n\nThe answer.", "\u00a0nbsp\u00a0", "a" * 200, "1\r\n2",
]
TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "the weather of a \"city\"", "parameters": {
            "type": "object", "properties": {
                "city": {"type": "string", "description": "caf\u00e9 <town> & 'more'"},
                "days": {"type": ["integer", "null"]},
                "tags": {"type": "array", "items": {"type": "string"}}},
            "required": ["city"]}}},
    {"type": "function", "function": {
        "name": "add", "description": "", "parameters": {
            "type": "object", "properties": {
                "a": {"type": "number"}, "where": {
                    "type": "object", "properties": {"x": {"type": "boolean"}, "k": {"type": "integer"}}}}},
        "return": {"type": "number"}}},
]
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}


def call(r, number):
    name = r.choice(["get_weather", "add"])
    arguments = r.choice([
        {"city": "K\u00f6ln", "days": 2}, {}, {"a": 1.5, "where": {"x": True, "k": None}},
        {"b": [1, "two", 3e-7, 1e16], "a": -0.0}])
    return {"id": f"call{number:05d}", "type": "function",
            "function": {"name": name, "arguments": arguments}}


def conversation(r):
    messages = []
    if r.random() < 0.5:
        messages.append({"role": "system", "content": r.choice(TEXTS)})
    for turn in range(r.randint(1, 4)):
        messages.append({"role": "user", "content": r.choice(TEXTS)})
        if r.random() < 0.3:
            calls = [call(r, 10 * turn + i) for i in range(r.randint(1, 2))]
            messages.append({"role": "assistant", "content": r.choice(["", "I look.", None]),
                             "tool_calls": calls})
            for made in calls:
                messages.append({"role": "tool", "name": made["function"]["name"],
                                 "tool_call_id": made["id"],
                                 "content": r.choice(["{\"temp\": 3}", "sunny", "21.5", TEXTS[5]])})
        if turn < 3 and r.random() < 0.9:
            reply = {"role": "assistant", "content": r.choice(TEXTS)}
            if r.random() < 0.2:
                reply["reasoning_content"] = "\nthought\n"
                reply = {"thinking": "\nthought\n", **reply}
            messages.append(reply)
    return messages


def conversations(style, count=24):
    """The same for a style on every run; contexts as transformers gives them to a template."""
    r = random.Random(style)
    for _ in range(count):
        context = {
            **SPECIAL, "messages": conversation(r), "documents": None,
            "tools": r.choice([None, None, TOOLS[:1], TOOLS]),
            "add_generation_prompt": r.random() < 0.5,
        }
        if r.random() < 0.2:
            context["enable_thinking"] = r.random() < 0.5
        if r.random() < 0.1:
            context["messages"].append({"role": "user", "content": [{"type": "text", "text": " part "},
                                                                    {"type": "image"}]})
        yield context
