DROP TABLE gate_tokens;
