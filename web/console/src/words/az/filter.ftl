as-file = Cədvəl fayl kimi
