<?php
// Says what was uploaded; nothing is kept.
header('Content-Type: text/plain; charset=utf-8');
$file = $_FILES['file'] ?? null;
if ($file === null || $file['error'] !== UPLOAD_ERR_OK) {
    http_response_code(400);
    echo "no file came\n";
    return;
}
echo $file['name'], ' ', $file['size'], ' ', sha1_file($file['tmp_name']), "\n";
