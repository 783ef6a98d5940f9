// A loader that puts what it loads in its own place, as those of pm2 and iisnode do.

process.argv[1] = process.env.STARTUP_FILE;
require(process.env.STARTUP_FILE);
