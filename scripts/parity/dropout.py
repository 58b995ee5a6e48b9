"""What dropout does to the loss and the gradients of transformers + PEFT, for test/parity/dropout.test.ts.

    python dropout.py FOLDER

FOLDER/spec.json says {"draws", "copies", "cases": {name: {"family", "hidden", "attention", "classifier", "lora"}}}, the
last four probabilities. Writes, for each case, a random model to FOLDER/NAME/model, an adapter with no zero in it to
FOLDER/NAME/adapter, and to FOLDER/NAME/stats.safetensors the mean and the variance over the draws of the loss
("mean.loss", "variance.loss") and of every adapter gradient ("mean.KEY", "variance.KEY"). The batch, `copies` times the
same few texts, goes to FOLDER/batch.json.
"""
import json
import random
import sys

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForSequenceClassification

folder = sys.argv[1]
with open(f'{folder}/spec.json') as file:
    spec = json.load(file)
torch.set_num_threads(1)
random.seed(0)
texts = [[random.randrange(2, 200) for _ in range(random.randint(4, 12))] for _ in range(8)]
rows = texts * spec['copies']
labels = [row[0] % 2 for row in rows]
with open(f'{folder}/batch.json', 'w') as file:
    json.dump({'rows': rows, 'labels': labels}, file)
lengths = [len(row) for row in rows]
ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=1)
mask = torch.tensor([[int(i < length) for i in range(max(lengths))] for length in lengths])

for name, p in spec['cases'].items():
    torch.manual_seed(0)
    own = dict(classifier_dropout=p['classifier'])
    if p['family'] == 'deberta-v2':
        own = dict(cls_dropout=p['classifier'], pooler_dropout=p['classifier'], relative_attention=True,
                   pos_att_type=['p2c', 'c2p'], position_buckets=8, share_att_key=True)
    config = AutoConfig.for_model(p['family'], vocab_size=200, hidden_size=32, num_hidden_layers=2,
                                  num_attention_heads=4, intermediate_size=64, max_position_embeddings=64,
                                  num_labels=2, initializer_range=0.15, hidden_dropout_prob=p['hidden'],
                                  attention_probs_dropout_prob=p['attention'], pad_token_id=1, **own)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(f'{folder}/{name}/model')
    model = AutoModelForSequenceClassification.from_pretrained(f'{folder}/{name}/model')
    model = get_peft_model(model, LoraConfig(task_type='SEQ_CLS', r=4, lora_alpha=8, lora_dropout=p['lora'],
                                             target_modules='all-linear'))
    trained = {key.replace('.modules_to_save.default', '').replace('.default', ''): parameter
               for key, parameter in sorted(model.named_parameters()) if parameter.requires_grad}
    with torch.no_grad():
        for key, parameter in trained.items():
            if 'lora_' in key:
                parameter.normal_(0, 0.15)
    model.save_pretrained(f'{folder}/{name}/adapter')
    model.train()
    names = ['loss', *trained]
    total, squares = {}, {}
    for _ in range(spec['draws']):
        model.zero_grad()
        loss = model(input_ids=ids, attention_mask=mask, labels=torch.tensor(labels)).loss
        loss.backward()
        for key, value in zip(names, [loss.detach(), *(parameter.grad for parameter in trained.values())]):
            value = value.double()
            total[key] = total.get(key, 0) + value
            squares[key] = squares.get(key, 0) + value ** 2
    stats = {}
    for key in names:
        stats[f'mean.{key}'] = total[key] / spec['draws']
        stats[f'variance.{key}'] = squares[key] / spec['draws'] - stats[f'mean.{key}'] ** 2
    save_file(stats, f'{folder}/{name}/stats.safetensors')
