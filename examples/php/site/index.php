<?php
// A form that comes back with what was typed, and remembers it. $_SERVER holds what postern says of the request.
$name = trim($_POST['name'] ?? $_GET['name'] ?? $_COOKIE['name'] ?? '');
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    setcookie('name', $name, ['path' => dirname($_SERVER['SCRIPT_NAME']), 'httponly' => true, 'samesite' => 'Lax']);
    setcookie('visits', (string) (1 + (int) ($_COOKIE['visits'] ?? 0)), ['httponly' => true, 'samesite' => 'Lax']);
}
header('Content-Type: text/html; charset=utf-8');
?>
<!doctype html>
<title>PHP</title>
<h1>Hello, <?= htmlspecialchars($name === '' ? 'World' : $name) ?>!</h1>
<form method="post">
  <input name="name" value="<?= htmlspecialchars($name) ?>" placeholder="Your name">
  <button>Say hello</button>
</form>
<form method="post" action="upload.php" enctype="multipart/form-data">
  <input type="file" name="file">
  <button>Measure a file</button>
</form>
<p><a href="download.php?megabytes=10">10 MB to download</a>, <a href="error.php">an error</a></p>
<p>PHP <?= PHP_VERSION ?> answered <?= htmlspecialchars($_SERVER['REQUEST_URI']) ?></p>
