{
  # For `node-gyp rebuild`. CMakeLists.txt is the only real build; this calls it.
  'targets': [
    {
      'target_name': 'torch_lora',
      'type': 'none',
      'actions': [
        {
          'action_name': 'cmake',
          'inputs': ['CMakeLists.txt'],
          'outputs': ['<(PRODUCT_DIR)/torch_lora.node'],
          'action': ['node', 'scripts/build-native.mjs', '--force']
        }
      ]
    }
  ]
}
