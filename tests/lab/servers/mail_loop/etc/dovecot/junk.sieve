require ["envelope", "fileinto"];
if envelope "to" "junk@example.com" {
  fileinto "Junk";
}
