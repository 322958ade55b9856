"""Calls a function through boto3 and prints, as one JSON document, what its user sees. Arguments: the endpoint's URL, the function's name."""

import base64
import json
import sys

import boto3
import botocore.config
import botocore.exceptions

url, name = sys.argv[1:]
client = boto3.client(
    "lambda",
    endpoint_url=url,
    region_name="us-east-1",
    aws_access_key_id="none",
    aws_secret_access_key="none",
    config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=30),
)
seen = {}


def invoke(**parameters):
    answer = client.invoke(FunctionName=parameters.pop("FunctionName", name), **parameters)
    log = base64.b64decode(answer.get("LogResult", "")).decode()
    payload = answer["Payload"].read().decode()
    return {
        "status": answer["StatusCode"],
        "version": answer.get("ExecutedVersion"),
        "error": answer.get("FunctionError"),
        "payload": json.loads(payload) if payload else None,
        "log": log,
    }


def stream(**parameters):
    answer = client.invoke_with_response_stream(FunctionName=name, **parameters)
    chunks, complete = [], None
    for event in answer["EventStream"]:
        if "PayloadChunk" in event:
            chunks.append(event["PayloadChunk"]["Payload"].decode())
        else:
            complete = event["InvokeComplete"]
    complete["LogResult"] = base64.b64decode(complete.get("LogResult", "")).decode()
    return {"status": answer["StatusCode"], "version": answer["ExecutedVersion"], "chunks": chunks, "complete": complete}


context = base64.b64encode(b'{"custom":{"a":"b"}}').decode()
seen["plain"] = invoke(Payload=b'{"name":"Ada"}', LogType="Tail", ClientContext=context, TenantId="blue")
seen["no payload"] = invoke()
seen["arn"] = invoke(FunctionName="arn:aws:lambda:us-east-1:012345678912:function:" + name + ":prod")
seen["qualifier"] = invoke(Qualifier="7")
seen["function error"] = invoke(Payload=b'{"fail":"boom"}', LogType="Tail")
seen["event"] = invoke(Payload=b"{}", InvocationType="Event")
seen["dry run"] = invoke(InvocationType="DryRun")
seen["stream"] = stream(Payload=b'{"stream":"whole"}', LogType="Tail")
seen["half a stream"] = stream(Payload=b'{"stream":"half"}')
seen["not a stream"] = stream(Payload=b'{"name":"Ada"}')
for what, parameters in {
    "unknown": {"FunctionName": "nope"},
    "not json": {"Payload": b"{"},
    "too large": {"Payload": b'"' + b"x" * (6 * 1024 * 1024) + b'"'},
}.items():
    try:
        invoke(**parameters)
    except botocore.exceptions.ClientError as error:
        seen[what] = {"class": type(error).__name__, "code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
print(json.dumps(seen))
