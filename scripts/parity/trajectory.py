"""Twenty updates of transformers + PEFT, for test/parity/trajectory.test.ts.

    python trajectory.py FOLDER [LIBRARY]

Writes a random BERT to FOLDER/model, the adapter that it starts from to FOLDER/adapter, and to FOLDER/run.json the
settings, the batches and the loss before each update. Without dropout; with LIBRARY, the file of torch-lora's operators,
with the dropout that torch-lora draws.
"""
import json
import random
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import BertConfig, BertForSequenceClassification, get_linear_schedule_with_warmup

from our_dropout import OurDropout

folder, library = sys.argv[1], next(iter(sys.argv[2:]), None)
settings = {'lr': 2e-2, 'weightDecay': 0.1, 'warmup': 4, 'updates': 20, 'maxGradNorm': 0.5, 'seed': 7}
p = 0.2 if library else 0.0
random.seed(0)
torch.manual_seed(0)
config = BertConfig(vocab_size=200, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
                    max_position_embeddings=64, num_labels=2, hidden_dropout_prob=p,
                    attention_probs_dropout_prob=p)
BertForSequenceClassification(config).save_pretrained(f'{folder}/model')
model = BertForSequenceClassification.from_pretrained(f'{folder}/model')
model = get_peft_model(model, LoraConfig(task_type='SEQ_CLS', r=4, lora_alpha=8, lora_dropout=p,
                                         target_modules='all-linear'))
model.save_pretrained(f'{folder}/adapter')
dropout = OurDropout(model, library) if library else None
trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
optimizer = torch.optim.AdamW([
    {'params': [p for name, p in trained if 'bias' not in name], 'weight_decay': settings['weightDecay']},
    {'params': [p for name, p in trained if 'bias' in name], 'weight_decay': 0.0}], lr=settings['lr'])
schedule = get_linear_schedule_with_warmup(optimizer, settings['warmup'], settings['updates'])
batches, losses = [], []
model.train()
lengths = [[random.randint(5, 30) for _ in range(8)], [12] * 8]  # with padding, and without
drawn = [[[random.randrange(1, 200) for _ in range(length)] for length in batch] for batch in lengths]
torch.manual_seed(settings['seed'])
for update in range(settings['updates']):
    rows = drawn[update % 2]  # met again and again, so that the loss falls
    labels = [row[0] % 2 for row in rows]
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
    if dropout:
        dropout.begin([len(row) for row in rows])
    loss = model(input_ids=ids, attention_mask=(ids != 0).long(), labels=torch.tensor(labels)).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for _, p in trained], settings['maxGradNorm'])
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    batches.append({'rows': rows, 'labels': labels})
    losses.append(loss.item())
with open(f'{folder}/run.json', 'w') as file:
    json.dump({'settings': settings, 'batches': batches, 'losses': losses}, file)
