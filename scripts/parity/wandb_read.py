"""What W&B's own SDK reads of an offline run: the records of a .wandb file as JSON, one a line.

    python scripts/parity/wandb_read.py FILE    # with wandb 0.19; later ones have no reader in Python
"""

import json
import sys

import wandb
from google.protobuf.json_format import MessageToDict
from wandb.proto import wandb_internal_pb2
from wandb.sdk.internal.datastore import DataStore

wandb._assert_is_internal_process = True
store = DataStore()
store.open_for_scan(sys.argv[1])
while (data := store.scan_data()) is not None:
    record = wandb_internal_pb2.Record()
    record.ParseFromString(data)
    print(json.dumps(MessageToDict(record, preserving_proto_field_name=True)))
