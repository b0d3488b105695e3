const vault = require('vault-env');
await vault.config();

// Start watching (polls every 30s by default)
vault.watch({
  interval: 30000,
  environment: 'production',
  onChange(changed, allSecrets) {
    console.log('Secrets updated:', Object.keys(changed));
    // Reconnect services, refresh configs, etc.
  },
  onError(err) {
    console.error('Watch error:', err);
  },
});

// Stop watching when done
vault.unwatch();
