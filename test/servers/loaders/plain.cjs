// No loader: a program that uses an application.

require(process.env.STARTUP_FILE);
console.log("used");
