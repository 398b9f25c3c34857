"""gRPC's own core, by Python: a second implementation beside Node's. Arguments: address, key, folder with the generated or described messages.

Messages are made from the served FileDescriptorSet, so that no compiler is needed.
"""
import json
import sys
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

address, key, described = sys.argv[1:4]
with open(described, "rb") as file:
    files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
pool = descriptor_pool.DescriptorPool()
for one in files.file:
    pool.Add(one)


def message(name):
    found = pool.FindMessageTypeByName("bazaar.v2." + name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(found)
    return message_factory.MessageFactory(pool).GetPrototype(found)


metadata = (("authorization", "Bearer " + key), ("trace-bin", b"\x00\xff"))


def stubs(channel):
    def stub(kind, method):
        return kind(
            "/bazaar.v2.BazaarService/" + method,
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=message(method + "Response").FromString,
        )

    return stub


def code(call):
    try:
        call()
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


result = {}
with grpc.insecure_channel(address) as channel:
    stub = stubs(channel)
    create_stall = stub(channel.unary_unary, "CreateStall")
    stall = create_stall(message("CreateStallRequest")(name="In Python"), metadata=metadata, timeout=10).stall
    create = stub(channel.unary_unary, "CreateWare")
    Create = message("CreateWareRequest")
    made, call = create.with_call(
        Create(stall=stall.id, name="Lamp", price=9007199254740993, note="a note " * 50),
        metadata=metadata,
        timeout=10,
        compression=grpc.Compression.Gzip,
    )
    result["price"] = str(made.ware.price)
    result["requestId"] = any(name == "x-request-id" for name, _ in call.initial_metadata())

    Item = message("CreateWareStreamRequest")
    items = (
        Item(request=Create(stall=stall.id, name="x" if at % 100 == 99 else "Ware %d" % at, price=1)) for at in range(500)
    )
    verdicts = list(stub(channel.stream_stream, "CreateWareStream")(items, metadata=metadata, timeout=20))
    result["verdicts"] = len(verdicts)
    result["refused"] = sum(1 for one in verdicts if one.HasField("refusal"))
    result["order"] = [one.response.ware.name for one in verdicts[:3]]

    exported = stub(channel.unary_stream, "ExportWares")(message("ExportWaresRequest")(), metadata=metadata, timeout=20)
    result["rows"] = sum(len(some.wares) for some in exported)

    get = stub(channel.unary_unary, "GetWare")
    Get = message("GetWareRequest")
    result["missing"] = code(lambda: get(Get(id="war_00000000000000000000000000"), metadata=metadata, timeout=10))
    result["nobody"] = code(lambda: get(Get(id=made.ware.id), timeout=10))

    def silent():
        time.sleep(1)
        yield from ()

    sell = stub(channel.stream_stream, "SellWareStream")
    result["late"] = code(lambda: list(sell(silent(), metadata=metadata, timeout=0.2)))
    futures = [get.future(Get(id=made.ware.id), metadata=metadata, timeout=20) for _ in range(300)]
    result["exact"] = sum(1 for one in futures if one.result().ware.price == 9007199254740993)

    result["empty"] = len(list(sell(iter(()), metadata=metadata, timeout=10)))

print(json.dumps(result))
